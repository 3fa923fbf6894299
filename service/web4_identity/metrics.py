"""The Prometheus metrics. The first four have the guide's names and labels (guide, Prometheus Metrics)."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from web4_identity import SERVICE_VERSION
from web4_identity.db.engine import Database, DatabaseUnavailable
from web4_identity.domain.entities import EntityType
from web4_identity.http.verdict import LimitType
from web4_identity.problems import MINT_REASONS

VALIDATED_FIELDS = (
    "caller_lct_id",
    "entity_type",
    "entity_identifier",
    "society",
    "public_key",
    "binding_proof",
    "witnesses",
    "parent_org",
    "metadata",
    "limit",
    "after",
    "reason",
    "name",
    "founder_public_key",
    "founder_funds",
    "pool_funds",
    "talent",
    "training",
    "temperament",
    "actions",
    "since",
    "body",
    "other",
)
"""Every value of the field label: a client cannot make a new series by sending a new name."""

MAX_SOCIETIES = 100
"""So many societies have series of their own; the others share the label "other"."""

# One timestamp series beside each counter would double the scrape for nothing that is used.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one app, in a registry of their own so that tests can build many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Info("web4_identity_build", "What is running", registry=self.registry).info({"version": SERVICE_VERSION})
        self.minted = Counter(
            "web4_identity_lct_minted", "LCTs minted", ["entity_type", "society"], registry=self.registry
        )
        self.mint_rejected = Counter(
            "web4_identity_lct_mint_rejected",
            "Mints refused, other than by a rate limit",
            ["reason"],
            registry=self.registry,
        )
        self.rate_limited = Counter(
            "web4_identity_rate_limit_rejected",
            "Requests refused by a rate limit",
            ["limit_type"],
            registry=self.registry,
        )
        self.invalid = Counter(
            "web4_identity_input_validation_rejected",
            "Fields that failed validation",
            ["field"],
            registry=self.registry,
        )
        self.rate_limit_store_errors = Counter(
            "web4_identity_rate_limit_store_errors",
            "Times that a rate limit or nonce could not be kept in Redis",
            registry=self.registry,
        )
        self.rate_limiter_mode = Gauge(
            "web4_identity_rate_limiter_mode",
            "1 for where limits are counted now: in Redis for all replicas, or in this process's memory",
            ["mode"],
            registry=self.registry,
        )
        self.dependency_up = Gauge(
            "web4_identity_dependency_up",
            "1 when the dependency answered last time, 0 when not; no series for one that is not used",
            ["dependency"],
            registry=self.registry,
        )
        self.minting_cost = Histogram(
            "web4_identity_lct_minting_cost_atp",
            "ATP paid for one mint",
            buckets=[100, 250, 500, *(m * 10**e for e in range(3, 9) for m in (1, 2.5, 5)), 10**9, 10**12, 10**15],
            registry=self.registry,
        )
        self.ledger_imbalance = Gauge(
            "web4_identity_ledger_imbalance_atp",
            "Sum of all balances at the last check: 0, unless ATP was created or lost",
            registry=self.registry,
        )
        self.ledger_checked = Gauge(
            "web4_identity_ledger_last_check_timestamp_seconds",
            "When the imbalance and the pools were last read, 0 before the first time",
            registry=self.registry,
        )
        self.society_pool = Gauge(
            "web4_identity_society_pool_atp",
            "ATP that a society's pool has left for grants",
            ["society"],
            registry=self.registry,
        )
        self.db_pool_timeouts = Counter(
            "web4_identity_db_pool_timeouts",
            "Times that no database connection became free in time",
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "web4_identity_http_request_duration_seconds",
            "Time to answer a request",
            ["method", "route", "status_class"],
            buckets=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            registry=self.registry,
        )
        # A series that exists at zero lets rate() see its first increment.
        for reason in MINT_REASONS:
            self.mint_rejected.labels(reason)
        for name in VALIDATED_FIELDS:
            self.invalid.labels(name)
        for limit in LimitType:
            self.rate_limited.labels(limit.value)
        self.dependency_up.labels("database")
        self.rate_limiter_uses_redis(False)
        self._societies: set[str] = set()

    def watch_pool(self, database: Database) -> None:
        """Read the database's connection pool at each scrape."""
        connections = Gauge(
            "web4_identity_db_pool_connections", "Open database connections", ["state"], registry=self.registry
        )
        connections.labels("in_use").set_function(lambda: database.pool.checkedout())
        connections.labels("idle").set_function(lambda: database.pool.checkedin())
        size = Gauge("web4_identity_db_pool_size", "Database connections this process may open", registry=self.registry)
        size.set_function(lambda: database.pool.size())

    def rate_limiter_uses_redis(self, redis: bool) -> None:
        """Say where limits are counted from now on."""
        self.rate_limiter_mode.labels("redis").set(redis)
        self.rate_limiter_mode.labels("memory").set(not redis)

    def database_failed(self, error: DatabaseUnavailable) -> None:
        """Tell a database that is out of reach from one that is only in full use."""
        if isinstance(error.__cause__, PoolTimeout):
            self.db_pool_timeouts.inc()
        else:
            self.dependency_up.labels("database").set(0)

    def society(self, name: str) -> str:
        """The label of a registered society: its name, or "other" when MAX_SOCIETIES have one already.

        Creates its zero series at the first sight of it.
        """
        label = name if name in self._societies or len(self._societies) < MAX_SOCIETIES else "other"
        if label not in self._societies:
            self._societies.add(label)
            for entity_type in EntityType:
                self.minted.labels(entity_type.value, label)
            self.society_pool.labels(label)
        return label
