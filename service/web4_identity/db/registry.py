"""Read LCTs and societies."""

from typing import Any

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import lcts, societies


async def find_lct(connection: AsyncConnection, lct_id: str) -> RowMapping | None:
    """The stored LCT with its society's name under "society", or None."""
    query = (
        select(lcts, societies.c.name.label("society"))
        .join(societies, societies.c.id == lcts.c.society_id)
        .where(lcts.c.lct_id == lct_id)
    )
    return (await connection.execute(query)).mappings().one_or_none()


async def public_key_of(connection: AsyncConnection, lct_id: str) -> str | None:
    """The Multikey z6Mk... of a registered LCT, or None."""
    return (await connection.execute(select(lcts.c.public_key).where(lcts.c.lct_id == lct_id))).scalar_one_or_none()


async def society_names(connection: AsyncConnection) -> list[str]:
    """The names of every registered society."""
    return list((await connection.execute(select(societies.c.name))).scalars())


async def insert_lct(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store one LCT; `row` has the columns of the table.

    Raises sqlalchemy's IntegrityError when the key or the (society, identifier) pair is already there.
    """
    await connection.execute(insert(lcts).values(row))
