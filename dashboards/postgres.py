"""Postgres, the LCT registry and ATP ledger, as CloudNativePG's exporter in each instance sees it."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import new_dashboard
from dashboards.panels import Panel, above, below, graph, number

UID = "web4-postgres"


def build() -> dashboard.Dashboard:
    """Whether it is whole, then its load, then what fills up."""
    return new_dashboard(
        "Postgres",
        UID,
        "The instances of the database, their replication, load and limits. Backups are on the alerting dashboard.",
        "cnpg_collector_up",
        (*_state(), *_load(), *_limits()),
    )


def _state() -> list[Panel]:
    return [
        number(
            "Instances up",
            "Instances whose Postgres answers its own exporter.",
            "none",
            "sum(cnpg_collector_up{%own})",
            limits=below(1),
            alerts=["DatabaseDown", "DatabaseInstanceDown"],
        ),
        number(
            "Replicas streaming",
            "Replicas that the primary sends its log to.",
            "none",
            "max(cnpg_pg_replication_streaming_replicas{%own})",
            alerts=["DatabaseReplicaMissing"],
        ),
        number(
            "Replication lag",
            "How far the slowest replica is behind. A synchronous one holds commits back instead.",
            "s",
            "max(cnpg_pg_replication_lag{%own})",
            limits=above(30, orange=5),
            alerts=["DatabaseReplicationLag"],
        ),
        number(
            "Connections used",
            "The fullest instance's connections, of what max_connections allows.",
            "percentunit",
            "max(sum by (pod) (cnpg_backends_total{%own}) / "
            'max by (pod) (cnpg_pg_settings_setting{%own, name="max_connections"}))',
            limits=above(0.8, orange=0.6),
            alerts=["DatabaseConnectionsNearlyUsedUp"],
        ),
        number(
            "Waiting for a lock",
            "Connections that wait for another's lock, on all instances.",
            "none",
            "sum(cnpg_backends_waiting_total{%own})",
            limits=above(10, orange=1),
            alerts=["DatabaseLongTransaction"],
        ),
        number(
            "Oldest transaction id",
            "Transactions since the oldest row that is not frozen. At 2 billion Postgres stops writing.",
            "short",
            "max(cnpg_pg_database_xid_age{%own})",
            limits=above(1e9, orange=2e8),
            alerts=["DatabaseTransactionIdsRunOut"],
        ),
    ]


def _load() -> list[Panel]:
    return [
        graph(
            "Transactions",
            "Transactions a second, committed and rolled back, by database.",
            "cps",
            {
                "committed ({{datname}}, {{pod}})": 'rate(cnpg_pg_stat_database_xact_commit{%own, datname!=""}'
                "[$__rate_interval])",
                "rolled back ({{datname}}, {{pod}})": 'rate(cnpg_pg_stat_database_xact_rollback{%own, datname!=""}'
                "[$__rate_interval])",
            },
        ),
        graph(
            "Rows",
            "Rows a second that were read, inserted, changed and deleted.",
            "cps",
            {
                name: f"sum(rate(cnpg_pg_stat_database_tup_{counter}{{%own}}[$__rate_interval]))"
                for name, counter in (
                    ("read", "fetched"),
                    ("inserted", "inserted"),
                    ("changed", "updated"),
                    ("deleted", "deleted"),
                )
            },
        ),
        graph(
            "Found in memory",
            "The share of blocks that Postgres had in its buffers. Falling for long, it wants more memory.",
            "percentunit",
            {
                "{{pod}}": "sum by (pod) (rate(cnpg_pg_stat_database_blks_hit{%own}[$__rate_interval])) / "
                "(sum by (pod) (rate(cnpg_pg_stat_database_blks_hit{%own}[$__rate_interval])) + "
                "sum by (pod) (rate(cnpg_pg_stat_database_blks_read{%own}[$__rate_interval])))"
            },
        ),
        graph(
            "Deadlocks and conflicts",
            "Transactions a second that were ended as they blocked each other, or a replica's replay.",
            "cps",
            {
                "deadlocks ({{pod}})": "sum by (pod) (rate(cnpg_pg_stat_database_deadlocks{%own}[$__rate_interval]))",
                "conflicts ({{pod}})": "sum by (pod) (rate(cnpg_pg_stat_database_conflicts{%own}[$__rate_interval]))",
            },
        ),
        graph(
            "Connections",
            "Connections by user and state, on all instances.",
            "none",
            {"{{usename}}, {{state}}": "sum by (usename, state) (cnpg_backends_total{%own})"},
            alerts=["DatabaseConnectionsNearlyUsedUp"],
            stacked=True,
        ),
        graph(
            "Longest transaction",
            "The age of each user's oldest open transaction. It holds back vacuum, and perhaps others' locks.",
            "s",
            {"{{usename}} ({{pod}})": "max by (usename, pod) (cnpg_backends_max_tx_duration_seconds{%own})"},
            alerts=["DatabaseLongTransaction"],
            limits=above(300),
        ),
    ]


def _limits() -> list[Panel]:
    return [
        graph(
            "Size",
            "The size of each database.",
            "bytes",
            {"{{datname}} ({{pod}})": "cnpg_pg_database_size_bytes{%own}"},
        ),
        graph(
            "Write-ahead log on disk",
            "What the log takes. It grows while archiving fails or a replica is away.",
            "bytes",
            {"{{pod}}": 'cnpg_collector_pg_wal{%own, value="size"}'},
            alerts=["WalFilesWaiting", "WalArchivingFailing"],
        ),
        graph(
            "Replication lag by instance",
            "How far each replica is behind the primary.",
            "s",
            {"{{pod}}": "cnpg_pg_replication_lag{%own}"},
            alerts=["DatabaseReplicationLag"],
            limits=above(30),
        ),
        graph(
            "Checkpoints",
            "Checkpoints a second, by the clock and because the log was full. The latter want a larger max_wal_size.",
            "cps",
            {
                "by the clock ({{pod}})": "rate(cnpg_pg_stat_bgwriter_checkpoints_timed{%own}[$__rate_interval])",
                "log full ({{pod}})": "rate(cnpg_pg_stat_bgwriter_checkpoints_req{%own}[$__rate_interval])",
            },
        ),
    ]
