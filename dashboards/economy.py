"""The service's inside, and the ATP economy: what mints cost, what pools have left, whether the books balance."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import new_dashboard
from dashboards.panels import Panel, above, below, graph, listing, number

UID = "web4-economy"
_SECONDS = "web4_identity_http_request_duration_seconds"
_COST = "web4_identity_lct_minting_cost_atp"


def build() -> dashboard.Dashboard:
    """ATP, then the service."""
    return new_dashboard(
        "Service and ATP economy",
        UID,
        "What mints cost and who has ATP left, and how the service's replicas do.",
        "web4_identity_build_info",
        (*_books(), *_economy(), *_service()),
    )


def _books() -> list[Panel]:
    return [
        number(
            "Ledger imbalance",
            "Sum of all ATP balances at the last check: anything but 0 is ATP created or lost.",
            "none",
            "max(abs(web4_identity_ledger_imbalance_atp{%own}))",
            limits=above(1),
            alerts=["LedgerImbalance"],
            span=6,
        ),
        number(
            "Age of the ledger's last check",
            "The newest check of any replica. While it is old, the imbalance beside it says nothing.",
            "s",
            "time() - max(web4_identity_ledger_last_check_timestamp_seconds{%own})",
            limits=above(600, orange=300),
            alerts=["LedgerCheckStale"],
            span=6,
        ),
        number(
            "Poorest society's pool",
            "ATP that the society with the least has left for grants.",
            "short",
            "min(web4_identity_society_pool_atp{%own})",
            limits=below(1000, orange=10_000),
            alerts=["SocietyPoolLow"],
            span=6,
        ),
        number(
            "Mean price of a mint",
            "ATP paid for one mint, the mean. It rises with what a society mints in a short time.",
            "short",
            f"sum(rate({_COST}_sum{{%own}}[$__rate_interval])) / sum(rate({_COST}_count{{%own}}[$__rate_interval]))",
            limits=above(10_000, orange=5000),
            alerts=["MintingCostHigh"],
            span=6,
            none="no mint",
        ),
    ]


def _economy() -> list[Panel]:
    return [
        graph(
            "ATP spent on mints",
            "ATP a second that payers gave for mints.",
            "short",
            {"{{pod}}": f"rate({_COST}_sum{{%own}}[$__rate_interval])"},
            stacked=True,
        ),
        graph(
            "Price of a mint",
            "Half, and all but one in twenty, mints cost this much ATP or less, by the histogram's steps.",
            "short",
            {
                name: f"histogram_quantile({share}, sum by (le) (rate({_COST}_bucket{{%own}}[$__rate_interval])))"
                for name, share in (("median", 0.5), ("95 %", 0.95))
            },
            alerts=["MintingCostHigh"],
            limits=above(10_000),
        ),
        graph(
            "Mints by entity type",
            "LCTs minted a second, of all societies and replicas.",
            "cps",
            {"{{entity_type}}": "sum by (entity_type) (rate(web4_identity_lct_minted_total{%own}[$__rate_interval]))"},
            stacked=True,
        ),
        graph(
            "Refused mints by reason",
            "Mints refused a second, of all replicas.",
            "cps",
            {"{{reason}}": "sum by (reason) (rate(web4_identity_lct_mint_rejected_total{%own}[$__rate_interval]))"},
            alerts=["HighRejectionRate", "ForgedMints"],
            stacked=True,
        ),
        listing(
            "Societies with the least ATP",
            "The ten poorest pools: a society whose pool is empty grants nothing to what it mints.",
            "short",
            "bottomk(10, max by (society) (web4_identity_society_pool_atp{%own}))",
            {"society": "Society", "Value": "ATP left"},
            alerts=["SocietyPoolLow"],
        ),
        graph(
            "Pools",
            "ATP that each society's pool has left for grants.",
            "short",
            {"{{society}}": "max by (society) (web4_identity_society_pool_atp{%own})"},
            alerts=["SocietyPoolLow"],
        ),
    ]


def _service() -> list[Panel]:
    return [
        graph(
            "Requests by route",
            "Requests answered a second, the probes' and Prometheus's own among them.",
            "reqps",
            {"{{method}} {{route}}": f"sum by (method, route) (rate({_SECONDS}_count{{%own}}[$__rate_interval]))"},
            stacked=True,
        ),
        graph(
            "Time by route, 95 %",
            "All but one in twenty requests were answered within this time.",
            "s",
            {
                "{{method}} {{route}}": "histogram_quantile(0.95, sum by (le, method, route) "
                f'(rate({_SECONDS}_bucket{{%own, route=~"/v1/.+"}}[$__rate_interval])))'
            },
            limits=above(1),
        ),
        graph(
            "Database connections",
            "Connections of each replica, in use and open, and how many it may open.",
            "none",
            {
                "{{state}} ({{pod}})": "web4_identity_db_pool_connections{%own}",
                "limit ({{pod}})": "web4_identity_db_pool_size{%own}",
            },
            alerts=["ConnectionPoolTimeouts"],
        ),
        graph(
            "Waited in vain for a connection",
            "Times a second that no database connection became free in time.",
            "cps",
            {"{{pod}}": "rate(web4_identity_db_pool_timeouts_total{%own}[$__rate_interval])"},
            alerts=["ConnectionPoolTimeouts"],
        ),
        graph(
            "What each replica reaches",
            "1 when Postgres or Redis answered the replica last time, 0 when not.",
            "bool",
            {"{{dependency}} ({{pod}})": "web4_identity_dependency_up{%own}"},
            alerts=["ServiceDatabaseUnreachable", "RateLimiterInMemory"],
        ),
        graph(
            "Versions",
            "Replicas of each version: two curves while a rollout is under way.",
            "none",
            {"{{version}}": "count by (version) (web4_identity_build_info{%own})"},
            stacked=True,
        ),
    ]
