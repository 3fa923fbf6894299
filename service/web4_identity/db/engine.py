"""The connection pool, and one exception for every way the database can be out of reach."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
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
            hide_parameters=True,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

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
        with _database_errors():
            async with self._engine.connect() as connection:
                if isolation:
                    await connection.execution_options(isolation_level=isolation)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a transaction: each statement is sent alone and sees what is committed by then.

        Raises DatabaseUnavailable as transaction() does.
        """
        with _database_errors():
            async with self._reader.connect() as connection:
                yield connection

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._engine.dispose()


def _refuse_closed(connection: Any, *_: object) -> None:
    """Let the pool open new connections when this one is closed, as all are after a restart or a failover.

    The event loop has seen the closing, so this asks nobody, where a ping would cost a round trip at every use.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, PoolTimeout, DBAPIError, asyncpg.InterfaceError) as error:
        unavailable = _classify(error)
        if unavailable is None:
            raise
        raise unavailable from error


def _classify(error: Exception) -> DatabaseUnavailable | None:
    if not isinstance(error, DBAPIError):
        return DatabaseUnavailable(f"{type(error).__name__}: {error}")
    state = getattr(error.orig, "sqlstate", None) or ""
    if state.startswith(_REFUSED_LOGIN):
        return DatabaseUnavailable(str(error.orig), passing=False)
    if state.startswith(_PASSING) or error.connection_invalidated:
        return DatabaseUnavailable(str(error.orig))
    return None
