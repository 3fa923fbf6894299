"""The dashboard to open first: the guide's four panels (Grafana Dashboard), and whether all is well."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import new_dashboard
from dashboards.panels import Panel, above, below, graph, number

UID = "web4-identity"
_GUIDE_STEP = "75s"
"""Grafana's `$__rate_interval` is four steps or more, so this makes it the guide's five minutes."""
_OF_THE_SERVICE = "and on (namespace, instance) web4_identity_build_info{%own}"
"""With all jobs chosen, these alone: every process has such metrics."""


def build() -> dashboard.Dashboard:
    """Mints and refusals, then state, then the four signals of the service."""
    return new_dashboard(
        "Overview",
        UID,
        "What the identity service mints and refuses, and whether all is well.",
        "web4_identity_build_info",
        (*_guide(), *_state(), *_signals()),
    )


def _guide() -> list[Panel]:
    """The guide's panels, with its titles and queries, for what the reader chose."""
    return [
        graph(
            "LCT Minting Rate",
            "LCTs minted a second, by entity type and society.",
            "cps",
            {"{{entity_type}}, {{society}} ({{pod}})": "rate(web4_identity_lct_minted_total{%own}[$__rate_interval])"},
            min_step=_GUIDE_STEP,
        ),
        graph(
            "Rejection Rate",
            "Mints refused a second, by reason. Too little ATP and a wrong signature are here too.",
            "cps",
            {"{{reason}} ({{pod}})": "rate(web4_identity_lct_mint_rejected_total{%own}[$__rate_interval])"},
            alerts=["HighRejectionRate", "ForgedMints", "MintsFailInternally"],
            limits=above(10),
            min_step=_GUIDE_STEP,
        ),
        graph(
            "Rate Limit Hits",
            "Requests refused a second by a rate limit of the service, by limit. The edge's own are on its dashboard.",
            "cps",
            {"{{limit_type}} ({{pod}})": "rate(web4_identity_rate_limit_rejected_total{%own}[$__rate_interval])"},
            alerts=["RateLimitingActive"],
            limits=above(5),
            min_step=_GUIDE_STEP,
        ),
        graph(
            "Input Validation Failures",
            "Fields refused a second, by field. One request may fail in several.",
            "cps",
            {"{{field}} ({{pod}})": "rate(web4_identity_input_validation_rejected_total{%own}[$__rate_interval])"},
            min_step=_GUIDE_STEP,
        ),
    ]


def _state() -> list[Panel]:
    return [
        number(
            "Alerts firing",
            "Alerts that call somebody or write a ticket now, of every part of the stack.",
            "none",
            'sum(ALERTS{alertstate="firing", severity=~"critical|warning"}) or vector(0)',
            limits=above(1),
        ),
        number(
            "Replicas up",
            "Pods of the service that answer Prometheus.",
            "none",
            "count(web4_identity_build_info{%own})",
            limits=below(1, orange=2),
            alerts=["ServiceDown", "ServiceNotRedundant"],
        ),
        number(
            "Database reached",
            "1 when every replica got an answer from Postgres last time.",
            "bool_yes_no",
            'min(web4_identity_dependency_up{%own, dependency="database"})',
            limits=below(1),
            alerts=["ServiceDatabaseUnreachable"],
        ),
        number(
            "Limits counted in Redis",
            "No when a replica counts by itself: a client's limit is that much larger then.",
            "bool_yes_no",
            'min(web4_identity_rate_limiter_mode{%own, mode="redis"})',
            limits=below(1),
            alerts=["RateLimiterInMemory"],
        ),
        number(
            "Ledger imbalance",
            "Sum of all ATP balances at the last check: anything but 0 is ATP created or lost.",
            "none",
            "max(abs(web4_identity_ledger_imbalance_atp{%own}))",
            limits=above(1),
            alerts=["LedgerImbalance"],
        ),
        number(
            "Mints failed (5xx)",
            "The share of mints in the last while that the service itself failed.",
            "percentunit",
            'sum(rate(web4_identity_http_request_duration_seconds_count{%own, route="/v1/lct/mint", status_class="5xx"}'
            "[$__rate_interval])) / "
            'sum(rate(web4_identity_http_request_duration_seconds_count{%own, route="/v1/lct/mint"}'
            "[$__rate_interval]))",
            limits=above(0.01, orange=0.005),
            alerts=["MintAvailabilityBurn"],
            none="none failed",
        ),
    ]


def _signals() -> list[Panel]:
    seconds = "web4_identity_http_request_duration_seconds"
    return [
        graph(
            "Requests",
            "Requests of clients answered a second, by class of status. 4xx are refusals; 5xx are failures of ours.",
            "reqps",
            {
                "{{status_class}}": "sum by (status_class) "
                f'(rate({seconds}_count{{%own, route=~"/v1/.+"}}[$__rate_interval]))'
            },
            stacked=True,
        ),
        graph(
            "Time to answer a mint",
            "Half, and all but one in a hundred, of the mints were answered within this time.",
            "s",
            {
                name: f"histogram_quantile({share}, sum by (le) "
                f'(rate({seconds}_bucket{{%own, route="/v1/lct/mint", status_class="2xx"}}[$__rate_interval])))'
                for name, share in (("median", 0.5), ("99 %", 0.99))
            },
            alerts=["MintLatencyBurn"],
            limits=above(1),
        ),
        graph(
            "CPU",
            "CPU seconds a second of each replica; its limit is 0.5.",
            "none",
            {"{{pod}}": f"rate(process_cpu_seconds_total{{%own}}[$__rate_interval]) {_OF_THE_SERVICE}"},
            limits=above(0.5),
        ),
        graph(
            "Memory",
            "Resident memory of each replica; at its limit of 1 GiB it is killed.",
            "bytes",
            {"{{pod}}": f"process_resident_memory_bytes{{%own}} {_OF_THE_SERVICE}"},
            alerts=["ContainerMemoryNearLimit", "ContainerOutOfMemory", "ProcessRestarting"],
            limits=above(2**30),
        ),
    ]
