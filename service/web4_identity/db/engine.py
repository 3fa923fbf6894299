"""The connection pool, and one exception for every way the database can be out of reach."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import QueuePool

CONNECT_SECONDS = 3
STATEMENT_SECONDS = 10
POOL_WAIT_SECONDS = 5

# SQLSTATE classes and codes that mean "not now": connection lost, resources exhausted, shutting down or starting,
# aborted by concurrency, lock wait or statement over time, demoted to a read-only standby.
_PASSING = ("08", "40", "53", "57P", "57014", "55P03", "25006", "3D000")
_REFUSED_LOGIN = ("28",)


class DatabaseUnavailable(Exception):
    """The database cannot serve now. `passing` is False when waiting cannot help (a login refused).

    The message names the cause without any secret: neither asyncpg nor the system quotes the password.
    """

    def __init__(self, cause: str, *, passing: bool = True) -> None:
        super().__init__(cause)
        self.passing = passing


class Database:
    """A pool of connections, opened when first used and closed by close()."""

    def __init__(
        self, url: SecretStr, pool_size: int = 5, *, statement_seconds: int | None = STATEMENT_SECONDS
    ) -> None:
        """Prepare the pool.

        `url` is a libpq URL, handed to asyncpg as it is, so that its sslmode and other parameters count;
        `statement_seconds` None removes the time limit, for migrations.
        """
        limits = {"application_name": "web4-identity"}
        if statement_seconds is not None:
            limits["lock_timeout"] = limits["statement_timeout"] = f"{statement_seconds}s"
            limits["idle_in_transaction_session_timeout"] = "30s"

        async def connect() -> asyncpg.Connection:
            return await asyncpg.connect(
                url.get_secret_value(),
                timeout=CONNECT_SECONDS,
                # The server's own limit above answers first; this one covers a server that no longer answers.
                command_timeout=statement_seconds and statement_seconds + 2,
                server_settings=limits,
            )

        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            # After a failover every pooled connection is dead; find out before a request uses it.
            pool_pre_ping=True,
            hide_parameters=True,
        )

    @property
    def pool(self) -> QueuePool:
        """The pool, for its counts of connections."""
        return self._engine.pool

    @asynccontextmanager
    async def transaction(self, isolation: str | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back by any exception, which passes through unchanged.

        `isolation` is a level's SQL name; None is the server's READ COMMITTED.
        Raises DatabaseUnavailable when the database cannot be reached, is full, or takes too long.
        """
        try:
            async with self._engine.connect() as connection:
                if isolation:
                    await connection.execution_options(isolation_level=isolation)
                async with connection.begin():
                    yield connection
        except (OSError, PoolTimeout, DBAPIError, asyncpg.InterfaceError) as error:
            unavailable = _classify(error)
            if unavailable is None:
                raise
            raise unavailable from error

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._engine.dispose()


def _classify(error: Exception) -> DatabaseUnavailable | None:
    if not isinstance(error, DBAPIError):
        return DatabaseUnavailable(f"{type(error).__name__}: {error}")
    state = getattr(error.orig, "sqlstate", None) or ""
    if state.startswith(_REFUSED_LOGIN):
        return DatabaseUnavailable(str(error.orig), passing=False)
    if state.startswith(_PASSING) or error.connection_invalidated:
        return DatabaseUnavailable(str(error.orig))
    return None
