"""Read balances."""

from sqlalchemy import RowMapping, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import accounts, societies


async def balance_of(connection: AsyncConnection, lct_id: str) -> RowMapping | None:
    """The `balance` of an LCT in ATP and its `society`'s name, or None when it is not registered."""
    return (await connection.execute(_BALANCE, {"wanted": lct_id})).mappings().one_or_none()


async def society_with_pool(connection: AsyncConnection, name: str) -> RowMapping | None:
    """A society's row with its `pool_balance` in ATP, or None when no society has this name."""
    return (await connection.execute(_SOCIETY, {"wanted": name})).mappings().one_or_none()


# Made once: making them for each read takes longer than sending them.
_BALANCE = (
    select(accounts.c.balance, societies.c.name.label("society"))
    .join(societies, societies.c.id == accounts.c.society_id)
    .where(accounts.c.lct_id == bindparam("wanted"))
)
_SOCIETY = (
    select(societies, accounts.c.balance.label("pool_balance"))
    .join(accounts, and_(accounts.c.society_id == societies.c.id, accounts.c.kind == "pool"))
    .where(societies.c.name == bindparam("wanted"))
)
