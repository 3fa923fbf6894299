"""Set the standing of an LCT: what an operator vouches for beyond what the registry has seen."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.audit import audit_entry
from web4_identity.db.engine import Database
from web4_identity.db.registry import public_key_of
from web4_identity.db.revocation import refuse_revoked
from web4_identity.db.tables import standing


class StandingRefused(Exception):
    """The standing cannot be set. The message says why."""


@dataclass(frozen=True)
class Standing:
    """T3 roots from 0 to 1, actions credited (0 or more), and an aware time since when the LCT is known, or None."""

    talent: Decimal
    training: Decimal
    temperament: Decimal
    actions: int
    since: datetime | None


async def set_standing(database: Database, lct_id: str, value: Standing, *, actor: str | None = None) -> None:
    """Put `value` in place of the LCT's standing, for the operator `actor` (an LCT id), None on the command line.

    Raises StandingRefused for an LCT that is not registered, Problem (403) for an actor revoked meanwhile;
    DatabaseUnavailable.
    """
    async with database.transaction() as connection:
        if actor is not None:
            await refuse_revoked(connection, actor)
        if await public_key_of(connection, lct_id) is None:
            raise StandingRefused(f"no LCT {lct_id} is registered")
        await put_standing(connection, lct_id, value, actor=actor, now=datetime.now(UTC))


async def put_standing(
    connection: AsyncConnection, lct_id: str, value: Standing, *, actor: str | None, now: datetime
) -> None:
    """Store the standing of a registered LCT, and who set it, in the caller's transaction."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(standing).values(lct_id=lct_id, **asdict(value))
    await connection.execute(statement.on_conflict_do_update(index_elements=["lct_id"], set_=asdict(value)))
    detail = {name: None if each is None else str(each) for name, each in asdict(value).items()}
    await connection.execute(audit_entry("standing", actor=actor, subject=lct_id, now=now, **detail))
