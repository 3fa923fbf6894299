"""The identity service's environment variables, by the guide's names (Configuration, Environment Variables)."""

from infra.pods import PodArgs
from infra.redis_access import plain_redis_variables
from infra.settings import DatabaseSettings, IdentitySettings, RedisSettings

PORT = 8001
DRAIN_SECONDS = 5
"""How long a pod told to stop still answers, while endpoints lose it."""

# The service's name for each environment of ours.
_ENVIRONMENTS = {"local": "development", "dev": "development", "staging": "staging", "prod": "production"}


class ServiceArgs(PodArgs):
    """What runs the service's code is told: the image, and everything its variables come from."""

    image: str
    environment: str
    identity: IdentitySettings
    redis: RedisSettings
    database: DatabaseSettings
    trusted_proxies: str
    """The addresses whose X-Forwarded-For is believed."""
    authorities: tuple[str, ...]
    """The hosts that payers sign for; empty is any."""


def plain_variables(args: ServiceArgs) -> dict[str, str]:
    """Every variable that is no secret."""
    identity = args.identity
    return {
        "WEB4_ENVIRONMENT": _ENVIRONMENTS[args.environment],
        "SHUTDOWN_DRAIN_SECONDS": str(DRAIN_SECONDS),
        "WEB4_IDENTITY_HOST": "0.0.0.0",
        "WEB4_IDENTITY_PORT": str(PORT),
        "WEB4_TEST_MODE": str(identity.test_mode).lower(),
        "DB_POOL_SIZE": str(identity.db_pool_size),
        "RATE_LIMIT_MAX_REQUESTS_PER_IP": str(identity.rate_limit_per_ip),
        "RATE_LIMIT_WINDOW_SECONDS": str(identity.rate_limit_window),
        "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": str(identity.rate_limit_per_payer),
        "MINTS_WITHOUT_REDIS": identity.mints_without_redis,
        **({"OPERATOR_LCT_IDS": ",".join(identity.operator_lct_ids)} if identity.operator_lct_ids else {}),
        "MAX_WITNESS_COUNT": str(identity.max_witness_count),
        "MAX_IDENTIFIER_LENGTH": str(identity.max_identifier_length),
        "MAX_WITNESS_ID_LENGTH": str(identity.max_witness_id_length),
        "ATP_MINT_BASE_COST": str(identity.atp_mint_base_cost),
        "ATP_MINT_SCALE_FACTOR": str(identity.atp_mint_scale_factor),
        "INITIAL_ATP_GRANT": str(identity.initial_atp_grant),
        "MIN_WITNESS_REPUTATION": str(identity.min_witness_reputation),
        "MIN_WITNESS_AGE_DAYS": str(identity.min_witness_age_days),
        "MIN_WITNESS_ACTIONS": str(identity.min_witness_actions),
        **plain_redis_variables(args.redis),
        # Without it every client behind the edge would count as one (the edge's own address).
        "TRUSTED_PROXIES": args.trusted_proxies,
        # Without it what a payer signed for another deployment would be accepted here too.
        **({"PUBLIC_AUTHORITIES": ",".join(args.authorities)} if args.authorities else {}),
    }
