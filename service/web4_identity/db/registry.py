"""Read LCTs and societies."""

from typing import Any

from sqlalchemy import Row, RowMapping, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import attestations, lcts, societies, standing
from web4_identity.domain.tensors import T3_WEIGHTS


async def find_lct(connection: AsyncConnection, lct_id: str) -> tuple[RowMapping, list[RowMapping]] | None:
    """The stored LCT and what was attested of it, by witness; None when there is no such LCT.

    The LCT has the T3 roots of its standing, each None without one.
    """
    rows = (await connection.execute(_DOCUMENT, {"wanted": lct_id})).mappings().all()
    return (rows[0], [row for row in rows if row["witness"] is not None]) if rows else None


# Asked with every read, so made once. A row for each attestation, or one.
_DOCUMENT = (
    select(
        lcts,
        *(standing.c[name] for name in T3_WEIGHTS),
        *(attestations.c[name] for name in ("witness", "role", "sig", "ts")),
    )
    .outerjoin(standing, standing.c.lct_id == lcts.c.lct_id)
    .outerjoin(attestations, attestations.c.subject == lcts.c.lct_id)
    .where(lcts.c.lct_id == bindparam("wanted"))
    .order_by(attestations.c.witness)
)


async def public_key_of(connection: AsyncConnection, lct_id: str) -> str | None:
    """The Multikey z6Mk... of a registered LCT, or None."""
    return (await connection.execute(select(lcts.c.public_key).where(lcts.c.lct_id == lct_id))).scalar_one_or_none()


async def payer_key(connection: AsyncConnection, lct_id: str) -> Row[*tuple[Any, ...]] | None:
    """The `public_key` (Multikey z6Mk...) of a registered LCT and its `revoked_at`, or None."""
    return (await connection.execute(_PAYER_KEY, {"payer": lct_id})).one_or_none()


# Asked with every mint, so made once.
_PAYER_KEY = select(lcts.c.public_key, lcts.c.revoked_at).where(lcts.c.lct_id == bindparam("payer"))


async def society_names(connection: AsyncConnection) -> list[str]:
    """The names of every registered society, the oldest first."""
    return list((await connection.execute(select(societies.c.name).order_by(societies.c.id))).scalars())


async def insert_lct(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store one LCT; `row` has the columns of the table.

    Raises sqlalchemy's IntegrityError when the key or the (society, identifier) pair is already there.
    """
    await connection.execute(insert(lcts).values(row))
