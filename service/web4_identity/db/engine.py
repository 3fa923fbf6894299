"""The connection pools, and one exception for every way the database can be out of reach."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr
from sqlalchemy import event, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from web4_identity.db.sqlite import is_passing, sqlite_engines

CONNECT_SECONDS = 3
STATEMENT_SECONDS = 10
POOL_WAIT_SECONDS = 5

# SQLSTATE classes and codes that mean "not now": connection lost, resources exhausted, shutting down or starting,
# aborted by concurrency, lock wait or statement over time, demoted to a read-only standby.
_PASSING = ("08", "40", "53", "57P", "57014", "55P03", "25006", "3D000")
_REFUSED_LOGIN = ("28",)
_UNDEFINED_TABLE = "42P01"
_NO_RIGHT = "42501"

# How long a migration waits for another one: it has no limit of its own.
MIGRATION_WAIT_SECONDS = 120


class DatabaseUnavailable(Exception):
    """The database cannot serve now. `passing` is False when waiting cannot help (a login refused, a right lacking).

    The message names the cause without any secret: neither asyncpg nor the system quotes the password.
    """

    def __init__(self, cause: str, *, passing: bool = True) -> None:
        super().__init__(cause)
        self.passing = passing


class NotMigrated(DatabaseUnavailable):
    """The database has no schema yet."""

    def __init__(self) -> None:
        super().__init__("it has no schema; run `web4-identity migrate`")


class Database:
    """Pools of connections, opened when first used and closed by close()."""

    def __init__(
        self,
        url: SecretStr,
        pool_size: int = 5,
        *,
        other_password: SecretStr | None = None,
        statement_seconds: int | None = STATEMENT_SECONDS,
        schema: str | None = None,
    ) -> None:
        """Prepare the pools.

        `url` is a libpq URL, handed to asyncpg as it is, so that its sslmode and other parameters count, or
        sqlite:///FILE; `other_password` is tried where Postgres refuses the first, so that the role's password can
        change under running pools; `statement_seconds` None is for migrations: it removes the time limit, and makes
        the file. `schema` is Postgres's, where everything is; None is the role's own.
        """
        self._needed_file = None
        text = url.get_secret_value()
        if text.startswith("sqlite:"):
            path, create = Path(make_url(text).database or ""), statement_seconds is None
            self._needed_file = None if create else path
            wait = MIGRATION_WAIT_SECONDS if statement_seconds is None else statement_seconds
            self._engine, self._reader = sqlite_engines(path, pool_size, wait, create=create)
            self._snapshots = self._reader
        else:
            self._engine = self._postgres_engine(url, other_password, pool_size, statement_seconds, schema)
            self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ")

    def _postgres_engine(
        self,
        url: SecretStr,
        other_password: SecretStr | None,
        pool_size: int,
        statement_seconds: int | None,
        schema: str | None,
    ) -> AsyncEngine:
        limits = {"application_name": "web4-identity"}
        if schema is not None:
            limits["search_path"] = schema
        if statement_seconds is not None:
            limits["lock_timeout"] = limits["statement_timeout"] = f"{statement_seconds}s"
            limits["idle_in_transaction_session_timeout"] = "30s"

        open_connection = partial(
            asyncpg.connect,
            url.get_secret_value(),
            timeout=CONNECT_SECONDS,
            # The server's own limit above answers first; this one covers a server that no longer answers.
            command_timeout=statement_seconds and statement_seconds + 2,
            server_settings=limits,
        )

        async def connect() -> asyncpg.Connection:
            try:
                return await open_connection()
            except asyncpg.InvalidPasswordError:
                if other_password is None:
                    raise
                return await open_connection(password=other_password.get_secret_value())

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return engine

    @property
    def pool(self) -> QueuePool:
        """The pool, in SQLite the one that writes, for its counts of connections."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        return pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back by any exception, which passes through unchanged.

        In SQLite it holds the write lock from the beginning: what only reads uses the others.
        Raises DatabaseUnavailable when the database cannot be reached, is full, or takes too long; NotMigrated.
        """
        with self._errors():
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a transaction: each statement is sent alone and sees what is committed by then.

        In SQLite, where that costs nothing, they all see the same, and a change is refused.
        Raises DatabaseUnavailable as transaction() does.
        """
        with self._errors():
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose statements all see one state of the database; for reading.

        Raises DatabaseUnavailable as transaction() does.
        """
        with self._errors():
            async with self._snapshots.connect() as connection:
                yield connection

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._engine.dispose()
        await self._reader.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        if self._needed_file and not self._needed_file.exists():
            raise NotMigrated
        try:
            yield
        except (OSError, PoolTimeout, DBAPIError, asyncpg.InterfaceError) as error:
            unavailable = _classify(error)
            if unavailable is None:
                raise
            raise unavailable from error


def _refuse_closed(connection: Any, *_: object) -> None:
    """Let the pool open new connections when this one is closed, as all are after a restart or a failover.

    The event loop has seen the closing, so this asks nobody, where a ping would cost a round trip at every use.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


def _classify(error: Exception) -> DatabaseUnavailable | None:
    if not isinstance(error, DBAPIError):
        return DatabaseUnavailable(f"{type(error).__name__}: {error}")
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == _UNDEFINED_TABLE or str(error.orig).startswith("no such table"):
        return NotMigrated()
    if state.startswith(_REFUSED_LOGIN):
        return DatabaseUnavailable(str(error.orig), passing=False)
    if state == _NO_RIGHT:
        hint = "rights are given by `web4-identity migrate`, run as the tables' owner"
        return DatabaseUnavailable(f"{error.orig}; {hint}", passing=False)
    if state.startswith(_PASSING) or error.connection_invalidated:
        return DatabaseUnavailable(str(error.orig))
    passing = is_passing(error.orig)
    return None if passing is None else DatabaseUnavailable(str(error.orig), passing=passing)
