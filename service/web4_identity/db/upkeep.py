"""What each process looks at, and clears away, from time to time."""

from datetime import datetime

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import accounts, idempotency, societies


async def ledger_imbalance(connection: AsyncConnection) -> int:
    """The sum of all balances in ATP: 0, unless ATP was created or lost."""
    return int((await connection.execute(select(func.sum(accounts.c.balance)))).scalar() or 0)


async def society_pools(connection: AsyncConnection) -> list[tuple[str, int]]:
    """Every society's name and the ATP in its pool, the oldest society first."""
    query = (
        select(societies.c.name, accounts.c.balance)
        .join(accounts, accounts.c.society_id == societies.c.id)
        .where(accounts.c.kind == "pool")
        .order_by(societies.c.id)
    )
    return [(row.name, row.balance) for row in await connection.execute(query)]


async def purge_answers(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete up to `limit` idempotency records made before `before`, the oldest first, and give how many it were.

    Two processes at once delete each record once; the later one then counts fewer.
    """
    old = (
        select(idempotency.c.payer, idempotency.c.key)
        .where(idempotency.c.created_at < before)
        .order_by(idempotency.c.created_at)
        .limit(limit)
    )
    result = await connection.execute(
        delete(idempotency).where(tuple_(idempotency.c.payer, idempotency.c.key).in_(old))
    )
    return result.rowcount
