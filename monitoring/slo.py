"""The service level objectives, and the rules made from them: how fast an error budget burns.

Multi-window, multi-burn-rate alerts (SRE workbook, chapter 5, table 5-8): a tier fires when both its long and its short
window burn the budget of 30 days at its rate or faster. `python -m monitoring` writes the rules to rules/slo.yaml.
"""

from dataclasses import dataclass
from typing import Any

_REQUESTS = "web4_identity_http_request_duration_seconds"
_MINTS = 'method="POST", route="/v1/lct/mint"'
_READS = 'method="GET", route=~"/v1/.+"'
_PROBE = 'probe_success{job="web4-edge-probe"}'


@dataclass(frozen=True)
class Slo:
    """One objective.

    Attributes:
        name: the value of the label `slo`.
        alert: the name of its alerts.
        service: their label `service`.
        objective: the share of events that must be good, such as 0.995.
        total: PromQL, how many events there were in WINDOW.
        bad: PromQL, how many of them were bad; no result means none.
        minimum: the fewest events in a tier's long window that say anything. Below, a handful of bad ones would page
            (SRE workbook, "Low-Traffic Services"); with these numbers the fastest tier takes ten or more.
        promise: what it is in words.
        dashboard: the path of the dashboard to look at.
    """

    name: str
    alert: str
    service: str
    objective: float
    total: str
    bad: str
    minimum: int
    promise: str
    dashboard: str = "d/web4-slo"


@dataclass(frozen=True)
class Tier:
    """One burn rate: `rate` times as fast as would use up the budget in 30 days, over both windows."""

    rate: float
    long: str
    short: str
    patience: str
    severity: str


TIERS = (
    Tier(14.4, "1h", "5m", "2m", "critical"),
    Tier(6, "6h", "30m", "15m", "critical"),
    Tier(3, "1d", "2h", "1h", "warning"),
    Tier(1, "3d", "6h", "3h", "warning"),
)
"""The workbook's four; the first two page, the others write a ticket."""

SLOS = (
    # What a client did wrong (4xx: a refused mint, too little ATP, 429) is neither an error nor an event: a flood of
    # refusals would hide the failures beside it.
    Slo(
        name="mint-availability",
        alert="MintAvailabilityBurn",
        service="web4-identity",
        objective=0.995,
        total=f'sum(increase({_REQUESTS}_count{{{_MINTS}, status_class=~"2xx|5xx"}}[WINDOW]))',
        bad=f'sum(increase({_REQUESTS}_count{{{_MINTS}, status_class="5xx"}}[WINDOW]))',
        minimum=200,
        promise="99.5 % of the mints that a client may make succeed",
    ),
    Slo(
        name="mint-latency",
        alert="MintLatencyBurn",
        service="web4-identity",
        objective=0.99,
        total=f'sum(increase({_REQUESTS}_count{{{_MINTS}, status_class="2xx"}}[WINDOW]))',
        bad=f'sum(increase({_REQUESTS}_count{{{_MINTS}, status_class="2xx"}}[WINDOW]))\n'
        f'- sum(increase({_REQUESTS}_bucket{{{_MINTS}, status_class="2xx", le="1.0"}}[WINDOW]))',
        minimum=100,
        promise="99 % of the mints take a second at most",
    ),
    Slo(
        name="read-availability",
        alert="ReadAvailabilityBurn",
        service="web4-identity",
        objective=0.999,
        total=f'sum(increase({_REQUESTS}_count{{{_READS}, status_class=~"2xx|5xx"}}[WINDOW]))',
        bad=f'sum(increase({_REQUESTS}_count{{{_READS}, status_class="5xx"}}[WINDOW]))',
        minimum=1000,
        promise="99.9 % of the look-ups of what exists succeed",
    ),
    Slo(
        name="edge",
        alert="EdgeAvailabilityBurn",
        service="edge",
        objective=0.995,
        total=f"sum(count_over_time({_PROBE}[WINDOW]))",
        bad=f"sum(count_over_time({_PROBE}[WINDOW]))\n- sum(sum_over_time({_PROBE}[WINDOW]))",
        minimum=150,
        promise="99.5 % of the probes from outside get a good answer",
    ),
)


def slo_groups() -> list[dict[str, Any]]:
    """The rule groups of every objective, as Prometheus reads them."""
    return [
        {"name": f"web4_slo_{slo.name.replace('-', '_')}", "rules": [*_recordings(slo), *_alerts(slo)]} for slo in SLOS
    ]


def _recordings(slo: Slo) -> list[dict[str, Any]]:
    """The share of bad events in every window, and the number of events in the long ones."""
    windows = dict.fromkeys(window for tier in TIERS for window in (tier.short, tier.long))
    return [
        *(_record(f"slo:errors:ratio{window}", slo, _ratio(slo, window)) for window in windows),
        *(_record(f"slo:events:count{tier.long}", slo, slo.total.replace("WINDOW", tier.long)) for tier in TIERS),
    ]


def _ratio(slo: Slo, window: str) -> str:
    # `or`: without a single bad event ever there is no series to count.
    bad, total = slo.bad.replace("WINDOW", window), slo.total.replace("WINDOW", window)
    return f"(\n{bad}\nor 0 * {total}\n)\n/ ({total} > 0)"


def _record(name: str, slo: Slo, expr: str) -> dict[str, Any]:
    return {"record": name, "expr": expr, "labels": {"slo": slo.name}}


def _alerts(slo: Slo) -> list[dict[str, Any]]:
    of = f'{{slo="{slo.name}"}}'
    budget = f"{1 - slo.objective:.4g}"
    return [
        {
            "alert": slo.alert,
            "expr": f"slo:errors:ratio{tier.long}{of} > {tier.rate:g} * {budget}\n"
            f"and slo:errors:ratio{tier.short}{of} > {tier.rate:g} * {budget}\n"
            f"and slo:events:count{tier.long}{of} >= {slo.minimum}",
            "for": tier.patience,
            "keep_firing_for": "5m",
            "labels": {"severity": tier.severity, "service": slo.service, "window": tier.long},
            "annotations": {
                "summary": f"Burn rate {tier.rate:g} of the error budget of {slo.name}",
                "description": f"{{{{ $value | humanizePercentage }}}} bad in {tier.long}; promised: {slo.promise}.",
                "runbook_url": f"monitoring/runbooks/{slo.alert}.md",
                "dashboard_url": slo.dashboard,
            },
        }
        for tier in TIERS
    ]
