"""Found a society: on the command line, where it may be repeated, or for an operator that asks over HTTP."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.audit import audit_entry
from web4_identity.db.engine import Database
from web4_identity.db.founding import (
    FirstWitnesses,
    Founding,
    GenesisRefused,
    SocietyExists,
    create_society,
    lock_foundings,
    society_named,
)
from web4_identity.db.freshness import require_fresh_binding
from web4_identity.db.idempotency import Attempt, conflict, key_taken, recall, remember
from web4_identity.db.revocation import refuse_revoked
from web4_identity.db.tables import lcts


@dataclass(frozen=True)
class Genesis:
    """What founding gave: the founder's LCT id, and whether this call created it or it was there already.

    `proof_added` says whether this call gave the founder of before the binding proof it lacked.
    """

    founder: str
    created: bool
    proof_added: bool = False


@dataclass(frozen=True)
class Founded:
    """A founding that is committed. Amounts are ATP; `created_at` is an aware UTC time in ISO 8601.

    Kept as JSON under its Idempotency-Key: a member added later needs a default.
    """

    name: str
    founder: str
    pool_balance: int
    next_mint_price: int
    created_at: str


async def found_society(
    database: Database,
    *,
    name: str,
    founder_public_key: str,
    grant: int,
    founder_funds: int | None = None,
    pool_funds: int | None = None,
    binding_proof: str | None = None,
    witnesses: FirstWitnesses | None = None,
) -> Genesis:
    """Register society `name` as Founding and create_society() say; a second time changes nothing.

    Only a founder without a binding proof still gets one. A repeat need not name the witnesses again.

    Raises GenesisRefused when the society has another founder or other first witnesses, a key already has an LCT, or
    a value is not usable; DatabaseUnavailable.
    """
    founding = Founding.checked(
        name=name,
        founder_public_key=founder_public_key,
        grant=grant,
        founder_funds=founder_funds,
        pool_funds=pool_funds,
        binding_proof=binding_proof,
        witnesses=witnesses,
    )
    async with database.transaction() as connection:
        # Two at once: the second waits here, then finds the society.
        await lock_foundings(connection)
        existing = await society_named(connection, name)
        if existing is None:
            await create_society(connection, founding, actor=None)
            return Genesis(founding.founder, created=True)
        await _require_same(connection, existing, founding)
        return Genesis(existing.founder, created=False, proof_added=await _add_missing_proof(connection, founding))


async def found_for_operator(
    database: Database, founding: Founding, attempt: Attempt, *, base_price: int, binding_skew: timedelta
) -> tuple[Founded, bool]:
    """Found a society for the operator `attempt.payer`, and give what was committed and whether this call did it.

    `base_price` is what its first mint will cost, `binding_skew` how far the founder's binding proof, which must be
    there, may be from now. A repeated attempt gives what the first one committed, and changes nothing. Raises
    SocietyExists, KeyTaken, Problem (403 operator revoked, 422 proof not fresh or key used for another request),
    after which everything is as it was; DatabaseUnavailable.
    """
    assert founding.binding_created_at is not None
    try:
        async with database.transaction() as connection:
            await lock_foundings(connection)
            before = await recall(connection, attempt)
            if before is not None:
                return Founded(**before), False
            await refuse_revoked(connection, attempt.payer)
            # Judged here: a late repeat must get its first answer.
            require_fresh_binding(founding.binding_created_at, datetime.now(UTC), binding_skew)
            if await society_named(connection, founding.name) is not None:
                raise SocietyExists("a society of this name is registered")
            now = await create_society(connection, founding, actor=attempt.payer)
            founded = Founded(founding.name, founding.founder, founding.pool_funds, base_price, now.isoformat())
            await remember(connection, attempt, asdict(founded))
            return founded, True
    except IntegrityError as error:
        # A mint of the operator's under the same key holds another lock.
        if key_taken(error):
            raise conflict() from None
        raise


async def _require_same(connection: AsyncConnection, existing: Row[*tuple[Any, ...]], founding: Founding) -> None:
    if existing.founder != founding.founder:
        raise GenesisRefused(f"society {founding.name!r} exists with another founder, {existing.founder}")
    if founding.witnesses is None:
        return
    query = select(lcts.c.public_key).where(
        lcts.c.society_id == existing.id, lcts.c.genesis, lcts.c.lct_id != existing.founder
    )
    began_with = set((await connection.execute(query)).scalars())
    if began_with != set(founding.witnesses.public_keys):
        have = ", ".join(sorted(began_with)) or "none"
        raise GenesisRefused(
            f"society {founding.name!r} exists with other first witnesses ({have}); others are minted, not founded"
        )


async def _add_missing_proof(connection: AsyncConnection, founding: Founding) -> bool:
    """Give the founder the proof if it has none."""
    if founding.binding_proof is None:
        return False
    lacking = (lcts.c.lct_id == founding.founder) & lcts.c.binding_proof.is_(None)
    changed = await connection.execute(
        update(lcts)
        .where(lacking)
        .values(binding_proof=founding.binding_proof, binding_created_at=founding.binding_created_at)
    )
    if changed.rowcount == 0:
        return False
    detail = {"society": founding.name, "binding_proof": "added"}
    await connection.execute(
        audit_entry("found", actor=None, subject=founding.founder, now=datetime.now(UTC), **detail)
    )
    return True
