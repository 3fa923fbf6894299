"""Read balances."""

from sqlalchemy import RowMapping, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import accounts, societies


async def balance_of(connection: AsyncConnection, lct_id: str) -> RowMapping | None:
    """The `balance` of an LCT in ATP and its `society`'s name, or None when it is not registered."""
    query = (
        select(accounts.c.balance, societies.c.name.label("society"))
        .join(societies, societies.c.id == accounts.c.society_id)
        .where(accounts.c.lct_id == lct_id)
    )
    return (await connection.execute(query)).mappings().one_or_none()


async def society_with_pool(connection: AsyncConnection, name: str) -> RowMapping | None:
    """A society's row with its `pool_balance` in ATP, or None when no society has this name."""
    pool = and_(accounts.c.society_id == societies.c.id, accounts.c.kind == "pool")
    query = (
        select(societies, accounts.c.balance.label("pool_balance")).join(accounts, pool).where(societies.c.name == name)
    )
    return (await connection.execute(query)).mappings().one_or_none()
