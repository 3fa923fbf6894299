"""Revoke an LCT: for good, and in one transaction with what its Idempotency-Key was answered.

Whoever mints reads the revocation of its payer and its witnesses under a share lock on their rows, which this waits
for: once a revocation is answered, no mint that it forbids is committed any more.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity import problems
from web4_identity.db.audit import audit_entry
from web4_identity.db.engine import Database
from web4_identity.db.idempotency import Attempt, recall, remember
from web4_identity.db.tables import lcts
from web4_identity.problems import Problem


@dataclass(frozen=True)
class Revoked:
    """A revocation that is committed; `ts` is an aware UTC time in ISO 8601.

    Kept as JSON under its Idempotency-Key: a member added later needs a default.
    """

    lct_id: str
    ts: str
    reason: str | None


async def revoke(database: Database, attempt: Attempt, reason: str | None) -> tuple[Revoked, bool]:
    """Revoke the LCT `attempt.payer`, and give what was committed and whether this call did it.

    A repeated attempt gives what the first one committed, and changes nothing. Raises Problem (409 revoked before,
    422 key used for another request), after which everything is as it was; DatabaseUnavailable.
    """
    mine = lcts.c.lct_id == attempt.payer
    async with database.transaction() as connection:
        # FOR UPDATE: even a mint of this payer with the same key, whose record refers to the row, is over now.
        revoked_at = (await connection.execute(select(lcts.c.revoked_at).where(mine).with_for_update())).scalar_one()
        before = await recall(connection, attempt)
        if before is not None:
            return Revoked(**before), False
        if revoked_at is not None:
            raise Problem(problems.ALREADY_REVOKED, f"this LCT was revoked at {revoked_at.isoformat()}")
        now = datetime.now(UTC)
        await connection.execute(update(lcts).where(mine).values(revoked_at=now, revocation_reason=reason))
        await connection.execute(
            audit_entry("revoke", actor=attempt.payer, subject=attempt.payer, now=now, reason=reason)
        )
        revoked = Revoked(attempt.payer, now.isoformat(), reason)
        await remember(connection, attempt, asdict(revoked))
        return revoked, True


async def refuse_revoked(connection: AsyncConnection, payer: str) -> None:
    """Keep `payer` (a registered LCT id) from being revoked until the transaction ends.

    Raises Problem (403) when it is revoked already.
    """
    query = select(lcts.c.revoked_at).where(lcts.c.lct_id == payer).with_for_update(read=True)
    if (await connection.execute(query)).scalar_one() is not None:
        raise payer_revoked()


def payer_revoked() -> Problem:
    """The refusal of a revoked LCT's signature."""
    return Problem(problems.LCT_REVOKED, "the LCT that signed is revoked; its signature counts no more")
