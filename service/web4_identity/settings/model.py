"""Every setting once: its environment name, its type, its bounds, its default.

Names and defaults are the guide's (Environment Variables); DATABASE_URL and the ones marked "ours" are added by this
service. A field's description finishes the sentence "NAME must be ..." in error messages. A group is a heading in
`serve --help`; a field without one belongs to that of the field above it.
"""

from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    SecretStr,
)

from web4_identity.settings import parsers

# Where the guide keeps its data; for a service on its own.
DEFAULT_DATABASE = "sqlite:////opt/web4/data/identity.db"


def _setting(env: str, description: str, default: Any = ..., group: str | None = None, **bounds: Any) -> Any:
    extra: dict[str, JsonValue] | None = {"group": group} if group else None
    return Field(default, validation_alias=env, description=description, json_schema_extra=extra, **bounds)


def _checked_url(secret: SecretStr) -> SecretStr:
    parsers.database_url(secret.get_secret_value())
    return secret


Factor = Annotated[Fraction, BeforeValidator(parsers.exact_factor), PlainSerializer(str)]
Authorities = Annotated[tuple[str, ...], BeforeValidator(parsers.authorities)]
LctIds = Annotated[tuple[str, ...], BeforeValidator(parsers.lct_ids)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(parsers.networks)]
SchemaName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_checked_url)]


class Settings(BaseModel):
    """The whole configuration, frozen. Build it with load_settings(), whose errors are readable."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Literal["development", "staging", "production"] = _setting(
        "WEB4_ENVIRONMENT", "development, staging or production", "development", group="Process"
    )
    host: str = _setting("WEB4_IDENTITY_HOST", "an address to listen on, such as 0.0.0.0", "0.0.0.0", min_length=1)
    port: int = _setting("WEB4_IDENTITY_PORT", "a whole number from 1 to 65535", 8001, ge=1, le=65535)
    max_connections: int = _setting("MAX_CONNECTIONS", "a whole number from 1 to 100000", 1000, ge=1, le=100_000)
    shutdown_drain: int = _setting("SHUTDOWN_DRAIN_SECONDS", "a whole number of seconds from 0 to 60", 5, ge=0, le=60)

    test_mode: bool = _setting("WEB4_TEST_MODE", "true or false", False, group="Security")
    rate_limit_requests: int = _setting(
        "RATE_LIMIT_MAX_REQUESTS_PER_IP", "a whole number from 1 to 100000", 20, ge=1, le=100_000
    )
    rate_limit_payer_requests: int = _setting(
        "RATE_LIMIT_MAX_REQUESTS_PER_PAYER", "a whole number from 1 to 100000", 20, ge=1, le=100_000
    )
    rate_limit_window: int = _setting(
        "RATE_LIMIT_WINDOW_SECONDS", "a whole number of seconds from 1 to 86400", 60, ge=1, le=86_400
    )
    rate_limit_store: Literal["redis", "memory"] = _setting(
        "RATE_LIMIT_STORE",
        "redis (counted for all replicas together) or memory (no Redis: each process counts and remembers for itself)",
        "redis",
    )
    mints_without_redis: Literal["refuse", "allow"] = _setting(
        "MINTS_WITHOUT_REDIS",
        "refuse (writes get 503 while Redis is lost) or allow (they go on, limits and the single use of a signature"
        " holding at each replica only)",
        "refuse",
    )
    max_witness_count: int = _setting("MAX_WITNESS_COUNT", "a whole number from 3 to 100", 10, ge=3, le=100)
    max_identifier_length: int = _setting(
        "MAX_IDENTIFIER_LENGTH", "a whole number of characters from 1 to 1024", 512, ge=1, le=1024
    )
    max_witness_id_length: int = _setting(
        "MAX_WITNESS_ID_LENGTH", "a whole number of characters from 68 to 1024", 256, ge=68, le=1024
    )
    signature_clock_skew: int = _setting(
        "SIGNATURE_CLOCK_SKEW_SECONDS", "a whole number of seconds from 0 to 30", 5, ge=0, le=30
    )
    binding_clock_skew: int = _setting(
        "BINDING_CLOCK_SKEW_SECONDS", "a whole number of seconds from 1 to 3600", 300, ge=1, le=3600
    )
    public_authorities: Authorities = _setting(
        "PUBLIC_AUTHORITIES",
        "comma-separated hosts with their port unless it is the default, such as id.example.com",
        (),
    )
    operator_lct_ids: LctIds = _setting(
        "OPERATOR_LCT_IDS",
        f"at most {parsers.MAX_LCT_IDS} comma-separated LCT ids, such as lct:web4:mb32:b...",
        (),
    )
    trusted_proxies: Networks = _setting("TRUSTED_PROXIES", "comma-separated networks, such as 10.0.0.0/8", ())

    mint_base_cost: int = _setting(
        "ATP_MINT_BASE_COST", "a whole number of ATP from 1 to 1000000000", 100, group="ATP", ge=1, le=10**9
    )
    mint_scale_factor: Factor = _setting(
        "ATP_MINT_SCALE_FACTOR", "a decimal from 1 to 1000 with at most four decimals, such as 1.5", Fraction(3, 2)
    )
    initial_grant: int = _setting(
        "INITIAL_ATP_GRANT", "a whole number of ATP from 0 to 1000000000", 10_000, ge=0, le=10**9
    )

    min_witness_reputation: Decimal = _setting(
        "MIN_WITNESS_REPUTATION", "a decimal from 0 to 1", Decimal("0.4"), group="Witnesses", ge=0, le=1
    )
    min_witness_age_days: int = _setting(
        "MIN_WITNESS_AGE_DAYS", "a whole number of days from 0 to 36500", 30, ge=0, le=36_500
    )
    min_witness_actions: int = _setting("MIN_WITNESS_ACTIONS", "a whole number, 0 or more", 50, ge=0)

    redis_host: str = _setting("REDIS_HOST", "a host name or address", "localhost", group="Redis", min_length=1)
    redis_port: int = _setting("REDIS_PORT", "a whole number from 1 to 65535", 6379, ge=1, le=65535)
    redis_db: int = _setting("REDIS_DB", "a whole number, 0 or more", 0, ge=0)
    redis_password: SecretStr | None = _setting("REDIS_PASSWORD", "text, or not set", None)
    redis_tls: bool = _setting("REDIS_TLS", "true or false", False)

    database_url: DatabaseUrl = _setting(
        "DATABASE_URL",
        "postgresql://USER:PASSWORD@HOST:PORT/NAME, or sqlite:////FOLDER/FILE.db where the folder is there and both "
        f"are writable (not set, it is {DEFAULT_DATABASE})",
        SecretStr(DEFAULT_DATABASE),
        validate_default=True,
    )
    database_other_password: SecretStr | None = _setting("DATABASE_OTHER_PASSWORD", "text, or not set", None)
    database_schema: SchemaName | None = _setting(
        "DATABASE_SCHEMA",
        "a Postgres schema's name of at most 63 lowercase letters, digits and _, or not set (the role's own schema)",
        None,
        group="Database",
    )
    db_pool_size: int = _setting("DB_POOL_SIZE", "a whole number from 1 to 100", 5, group="Database", ge=1, le=100)
    ledger_check_seconds: int = _setting(
        "LEDGER_CHECK_SECONDS", "a whole number of seconds from 10 to 3600", 60, ge=10, le=3600
    )
    idempotency_retention_days: int = _setting(
        "IDEMPOTENCY_RETENTION_DAYS", "a whole number of days from 1 to 365", 7, ge=1, le=365
    )
