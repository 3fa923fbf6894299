"""The Prometheus metrics. The first four have the guide's names and labels (guide, Prometheus Metrics)."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

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
    "body",
    "other",
)
"""Every value of the field label: a client cannot make a new series by sending a new name."""

# One timestamp series beside each counter would double the scrape for nothing that is used.
disable_created_metrics()


class Metrics:
    """The metrics of one app, in a registry of their own so that tests can build many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
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
        self.rate_limiter_uses_redis(False)

    def rate_limiter_uses_redis(self, redis: bool) -> None:
        """Say where limits are counted from now on."""
        self.rate_limiter_mode.labels("redis").set(redis)
        self.rate_limiter_mode.labels("memory").set(not redis)

    def register_society(self, name: str) -> None:
        """Create the zero series of one registered society."""
        for entity_type in EntityType:
            self.minted.labels(entity_type.value, name)
