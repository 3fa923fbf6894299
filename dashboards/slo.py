"""The promises: how fast each error budget burns, and which replica burns it."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import new_dashboard
from dashboards.panels import Panel, above, below, graph, number
from monitoring.slo import SLOS, TIERS, Slo

UID = "web4-slo"
_SECONDS = "web4_identity_http_request_duration_seconds"


def build() -> dashboard.Dashboard:
    """Each objective of monitoring/slo.py, then what they are made of, by replica."""
    panels = [panel for slo in SLOS for panel in (_good(slo), _events(slo), _burn(slo))]
    return new_dashboard(
        "SLO",
        UID,
        "What is promised, and how fast the error budgets of 30 days are used up. The panels of an objective show "
        "recorded series of the whole stack; namespace, job and instance choose for the last two panels.",
        "web4_identity_build_info",
        (*panels, _failures_by_replica(), _slow_by_replica()),
    )


def _good(slo: Slo) -> Panel:
    window = TIERS[-1].long
    return number(
        f"{slo.name}: good in {window}",
        f"The promise: {slo.promise}.",
        "percentunit",
        f'1 - slo:errors:ratio{window}{{slo="{slo.name}"}}',
        limits=below(slo.objective),
        alerts=[slo.alert],
        span=6,
        height=8,
        none="no traffic",
    )


def _events(slo: Slo) -> Panel:
    window = TIERS[0].long
    return number(
        f"{slo.name}: events in {window}",
        f"What was counted. With fewer than {slo.minimum} no alert is raised: a handful would decide.",
        "short",
        f'slo:events:count{window}{{slo="{slo.name}"}}',
        limits=below(slo.minimum),
        alerts=[slo.alert],
        span=6,
        height=8,
        none="no traffic",
    )


def _burn(slo: Slo) -> Panel:
    budget = f"{1 - slo.objective:.4g}"
    return graph(
        f"{slo.name}: burn rate",
        "How many times too fast the budget is used up, in each window. At 1 it lasts 30 days; from "
        f"{TIERS[0].rate:g} on in {TIERS[0].long} and {TIERS[0].short} somebody is called.",
        "none",
        {tier.long: f'slo:errors:ratio{tier.long}{{slo="{slo.name}"}} / {budget}' for tier in TIERS},
        alerts=[slo.alert],
        limits=above(TIERS[0].rate, orange=TIERS[-1].rate),
    )


def _failures_by_replica() -> Panel:
    own = '%own, route=~"/v1/.+"'
    return graph(
        "Failures by replica",
        "Requests that the service itself failed (5xx) a second: one replica alone points at that pod, all of them at "
        "what they share.",
        "reqps",
        {"{{pod}}": f'sum by (pod) (rate({_SECONDS}_count{{{own}, status_class="5xx"}}[$__rate_interval]))'},
        alerts=["MintAvailabilityBurn", "ReadAvailabilityBurn"],
    )


def _slow_by_replica() -> Panel:
    own = '%own, route="/v1/lct/mint", status_class="2xx"'
    return graph(
        "Mints by replica, 99 %",
        "All but one in a hundred mints of a replica were answered within this time. The promise is one second.",
        "s",
        {"{{pod}}": f"histogram_quantile(0.99, sum by (le, pod) (rate({_SECONDS}_bucket{{{own}}}[$__rate_interval])))"},
        alerts=["MintLatencyBurn"],
        limits=above(1),
    )
