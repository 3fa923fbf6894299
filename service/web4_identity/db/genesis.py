"""Found a society: the only place where ATP comes into being."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.audit import audit_entry
from web4_identity.db.engine import Database
from web4_identity.db.ledger import open_account, transfer
from web4_identity.db.registry import insert_lct
from web4_identity.db.tables import societies
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import from_multikey, lct_id
from web4_identity.domain.pricing import MAX_ATP
from web4_identity.domain.societies import is_society_name

FOUNDER_GRANTS = 10
POOL_GRANTS = 1000
FOUNDER_IDENTIFIER = "founder"

# Any fixed number; migrations use another, so that one never waits for the other.
_GENESIS_LOCK = 0x57454234_0002


class GenesisRefused(Exception):
    """The society cannot be founded as asked. The message says why."""


@dataclass(frozen=True)
class Genesis:
    """What founding gave: the founder's LCT id, and whether this call created it or it was there already."""

    founder: str
    created: bool


async def found_society(
    database: Database,
    *,
    name: str,
    founder_public_key: str,
    grant: int,
    founder_funds: int | None = None,
    pool_funds: int | None = None,
) -> Genesis:
    """Register society `name` with its founder's LCT, its pool and its ATP; a second time changes nothing.

    The founder gets `founder_funds` ATP (default FOUNDER_GRANTS x `grant`), the pool that pays the grants of new
    LCTs `pool_funds` (default POOL_GRANTS x `grant`). Both come from the society's issuance account, whose negative
    balance is the ATP in circulation, so that the ledger sums to zero. The founder's LCT (organization, identifier
    "founder") does not count as minted: the society's first mint costs the base price.

    Raises GenesisRefused when the society has another founder, the key already has an LCT, or a value is not usable;
    DatabaseUnavailable.
    """
    funds = FOUNDER_GRANTS * grant if founder_funds is None else founder_funds
    pool = POOL_GRANTS * grant if pool_funds is None else pool_funds
    founder = _checked(name, founder_public_key, funds, pool)
    async with database.transaction() as connection:
        # Two at once: the second waits here, then finds the society.
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _GENESIS_LOCK})
        existing = (
            await connection.execute(select(societies.c.founder).where(societies.c.name == name))
        ).scalar_one_or_none()
        if existing == founder:
            return Genesis(founder, created=False)
        if existing is not None:
            raise GenesisRefused(f"society {name!r} exists with another founder, {existing}")
        taken = await connection.execute(text("SELECT 1 FROM lcts WHERE lct_id = :id"), {"id": founder})
        if taken.first() is not None:
            raise GenesisRefused(f"the public key already has an LCT, {founder}")
        await _create(connection, name, founder, founder_public_key, funds, pool)
    return Genesis(founder, created=True)


def _checked(name: str, public_key: str, funds: int, pool: int) -> str:
    if not is_society_name(name):
        raise GenesisRefused("a society's name is 1 to 256 printable characters without spaces around")
    if funds < 0 or pool < 0 or funds + pool > MAX_ATP:
        raise GenesisRefused(f"the funds must be 0 or more, together at most {MAX_ATP} ATP")
    try:
        return lct_id(from_multikey(public_key))
    except ValueError as error:
        raise GenesisRefused(f"the founder's public key is not usable: {error}") from None


async def _create(
    connection: AsyncConnection, name: str, founder: str, public_key: str, funds: int, pool_funds: int
) -> None:
    now = datetime.now(UTC)
    society_id = (
        await connection.execute(
            insert(societies).values(name=name, founder=founder, lct_count=0, created_at=now).returning(societies.c.id)
        )
    ).scalar_one()
    await insert_lct(
        connection,
        {
            "lct_id": founder,
            "society_id": society_id,
            "entity_type": EntityType.ORGANIZATION.value,
            "entity_identifier": FOUNDER_IDENTIFIER,
            "public_key": public_key,
            "parent_org": None,
            "witnesses": [],
            "metadata": {},
            "genesis": True,
            "created_at": now,
        },
    )
    issuance = await open_account(connection, kind="issuance", society_id=society_id)
    pool = await open_account(connection, kind="pool", society_id=society_id)
    account = await open_account(connection, kind="lct", society_id=society_id, lct_id=founder)
    about = {"reference": name, "now": now}
    await transfer(connection, source=issuance, target=pool, amount=pool_funds, reason="genesis_pool", **about)
    await transfer(connection, source=issuance, target=account, amount=funds, reason="genesis_founder", **about)
    await connection.execute(
        audit_entry("found", actor=None, subject=founder, now=now, society=name, funds=funds, pool_funds=pool_funds)
    )
