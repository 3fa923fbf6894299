"""The identity service's own settings."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from infra.frozen import Frozen
from infra.settings.scaling import Scaling


class IdentitySettings(Scaling):
    """The service itself; all but the numbers of replicas are its environment variables, in their bounds."""

    replicas: int = Field(3, ge=1)
    """How many pods; with `max_replicas`, how many at least."""
    test_mode: bool = False
    """Publishes the API's description (WEB4_TEST_MODE)."""
    db_pool_size: int = Field(5, ge=1, le=100)
    """Connections to Postgres of each pod (DB_POOL_SIZE)."""
    rate_limit_per_ip: int = Field(20, ge=1)
    """Requests of one address in a window (RATE_LIMIT_MAX_REQUESTS_PER_IP)."""
    rate_limit_window: int = Field(60, ge=1)
    """The window in seconds (RATE_LIMIT_WINDOW_SECONDS)."""
    max_witness_count: int = Field(10, ge=3, le=100)
    """Witnesses of one mint (MAX_WITNESS_COUNT)."""
    max_identifier_length: int = Field(512, ge=1, le=1024)
    """Characters of an entity's identifier (MAX_IDENTIFIER_LENGTH)."""
    max_witness_id_length: int = Field(256, ge=68, le=1024)
    """Characters of a witness's LCT id (MAX_WITNESS_ID_LENGTH)."""
    atp_mint_base_cost: int = Field(100, ge=1)
    """ATP that the first mint in a society costs (ATP_MINT_BASE_COST)."""
    atp_mint_scale_factor: Decimal = Field(Decimal("1.5"), ge=1, le=1000, decimal_places=4)
    """How the cost grows with the society (ATP_MINT_SCALE_FACTOR)."""
    initial_atp_grant: int = Field(10000, ge=0)
    """ATP that a new entity starts with (INITIAL_ATP_GRANT)."""
    min_witness_reputation: Decimal = Field(Decimal("0.4"), ge=0, le=1)
    """T3 score that a witness needs (MIN_WITNESS_REPUTATION)."""
    min_witness_age_days: int = Field(30, ge=0, le=36_500)
    """Days since a witness was born (MIN_WITNESS_AGE_DAYS)."""
    min_witness_actions: int = Field(50, ge=0)
    """Actions that a witness has on record (MIN_WITNESS_ACTIONS)."""
    rate_limit_per_payer: int = Field(20, ge=1)
    """Signed requests of one payer in the window (RATE_LIMIT_MAX_REQUESTS_PER_PAYER)."""
    mints_without_redis: Literal["refuse", "allow"] = "refuse"
    """What becomes of writes while Redis is lost (MINTS_WITHOUT_REDIS)."""
    operator_lct_ids: tuple[Annotated[str, Field(pattern=r"^lct:web4:[A-Za-z0-9_:-]+$")], ...] = ()
    """Who may found societies and vouch for witnesses over HTTP (OPERATOR_LCT_IDS)."""


class GenesisSettings(Frozen):
    """The first society, written by the migration when the registry is empty; without a key none is made."""

    society: str = Field("web4", min_length=1, max_length=256)
    """The society's name."""
    public_key: str | None = Field(None, min_length=1)
    """The founder's Ed25519 key as a Multikey, `z6Mk…`."""
    binding_proof: str | None = Field(None, pattern=r"^cose:[A-Za-z0-9_-]+$")
    """The founder's, printed by `web4-identity keygen --show FILE --binding organization`; may be added later."""
    witnesses: tuple[Annotated[str, Field(pattern=r"^z6Mk\w+$")], ...] = ()
    """Public keys of the humans the society begins with, who may witness at once; later ones are minted."""
