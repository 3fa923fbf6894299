"""Locks that are not a row's: held from here to the end of the transaction."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def lock(connection: AsyncConnection, key: int) -> None:
    """Wait until no other transaction holds the lock `key`, and hold it.

    In SQLite a transaction that writes holds the only lock there is from its beginning.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
