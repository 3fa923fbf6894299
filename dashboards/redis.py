"""Redis and what it is for: rate limits, and the nonces of signed requests."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import new_dashboard
from dashboards.panels import Panel, above, below, graph, number

UID = "web4-redis"


def build() -> dashboard.Dashboard:
    """Whether limits hold, then Redis itself."""
    return new_dashboard(
        "Redis and rate limits",
        UID,
        "Whether the service's rate limits hold for all replicas together, and the Redis that makes them do so.",
        "up",
        (*_state(), *_limits(), *_redis()),
    )


def _state() -> list[Panel]:
    return [
        number(
            "Redis up",
            "Whether Redis answers its exporter.",
            "bool_yes_no",
            "min(redis_up{%own})",
            limits=below(1),
            alerts=["RedisDown"],
            span=6,
        ),
        number(
            "Replicas counting alone",
            "Replicas that count in their own memory: each one makes a client's limit that much larger.",
            "none",
            'sum(web4_identity_rate_limiter_mode{%own, mode="memory"})',
            limits=above(1),
            alerts=["RateLimiterInMemory"],
            span=6,
        ),
        number(
            "Memory used",
            "Of what Redis may use for keys. Full, it forgets what would be forgotten first anyway.",
            "percentunit",
            "max(redis_memory_used_bytes{%own} / redis_memory_max_bytes{%own})",
            limits=above(0.9, orange=0.7),
            alerts=["RedisMemoryNearlyFull", "RedisEvictions"],
            span=6,
        ),
        number(
            "Running for",
            "Since Redis last started, with empty counters: it keeps nothing on disk.",
            "s",
            "min(redis_uptime_in_seconds{%own})",
            limits=below(300),
            alerts=["ProcessRestarting"],
            span=6,
        ),
    ]


def _limits() -> list[Panel]:
    return [
        graph(
            "Refused by a rate limit",
            "Requests a second that a limit of the service refused, by limit.",
            "reqps",
            {
                "{{limit_type}}": "sum by (limit_type) "
                "(rate(web4_identity_rate_limit_rejected_total{%own}[$__rate_interval]))"
            },
            alerts=["RateLimitingActive"],
            limits=above(5),
            stacked=True,
        ),
        graph(
            "Redis not reached by the service",
            "Times a second that a replica could not keep a counter or a nonce in Redis.",
            "cps",
            {"{{pod}}": "rate(web4_identity_rate_limit_store_errors_total{%own}[$__rate_interval])"},
            alerts=["RateLimiterInMemory", "RedisDown"],
        ),
    ]


def _redis() -> list[Panel]:
    return [
        graph(
            "Keys",
            "Counters and nonces that Redis holds now, by database.",
            "short",
            {"{{db}}": "sum by (db) (redis_db_keys{%own})"},
        ),
        graph(
            "Keys forgotten",
            "Keys a second that expired, which is their end, and that were evicted for lack of room, which is not.",
            "cps",
            {
                "expired": "sum(rate(redis_expired_keys_total{%own}[$__rate_interval]))",
                "evicted": "sum(rate(redis_evicted_keys_total{%own}[$__rate_interval]))",
            },
            alerts=["RedisEvictions"],
        ),
        graph(
            "Commands",
            "Commands a second, by command.",
            "ops",
            {"{{cmd}}": "sum by (cmd) (rate(redis_commands_total{%own}[$__rate_interval]))"},
            stacked=True,
        ),
        graph(
            "Time of a command",
            "The mean time that Redis itself took for a command.",
            "s",
            {
                "{{cmd}}": "sum by (cmd) (rate(redis_commands_duration_seconds_total{%own}[$__rate_interval])) / "
                "sum by (cmd) (rate(redis_commands_total{%own}[$__rate_interval]))"
            },
        ),
        graph(
            "Memory",
            "What Redis uses, and what it may use for keys.",
            "bytes",
            {"used": "redis_memory_used_bytes{%own}", "limit": "redis_memory_max_bytes{%own}"},
            alerts=["RedisMemoryNearlyFull"],
        ),
        graph(
            "Connections",
            "Clients connected to Redis: the service's replicas, and the exporter.",
            "none",
            {"{{instance}}": "redis_connected_clients{%own}"},
        ),
    ]
