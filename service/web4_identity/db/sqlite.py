"""The engines of a SQLite file: one connection that writes, some that only read, and what its errors mean.

SQLite lets one transaction write at a time. With a single writing connection, those of this process queue for it in
their order; a second process (a command beside the service) waits in SQLite's busy handler. Readers wait for nobody:
in WAL mode each sees the last commit before it began.
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

_PRAGMAS = (
    "journal_mode = WAL",
    # A commit is answered only once it is on disk: NORMAL may lose the last ones when the power fails.
    "synchronous = FULL",
    "foreign_keys = ON",
)

# Primary result codes (https://sqlite.org/rescode.html) that say "not now" and those that waiting cannot cure.
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}
_LASTING = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


def sqlite_engines(path: Path, readers: int, wait_seconds: float, *, create: bool) -> tuple[AsyncEngine, AsyncEngine]:
    """The engine that writes and the one that reads.

    A transaction waits at most `wait_seconds` for the one that writes. Only with `create` a missing file is made: a
    service on a mistyped path must not start an empty registry.
    """
    mode = "rwc" if create else "rw"
    url = URL.create(
        "sqlite+aiosqlite", database=f"file:{quote(str(path.absolute()))}", query={"mode": mode, "uri": "true"}
    )
    writer, reader = (
        create_async_engine(
            url,
            pool_size=size,
            max_overflow=0,
            pool_timeout=wait_seconds,
            hide_parameters=True,
            # No BEGIN from the driver, which would be a deferred one and spare DDL: ours are below.
            connect_args={"isolation_level": None, "timeout": wait_seconds},
        )
        for size in (1, readers)
    )
    _prepare(writer, "BEGIN IMMEDIATE", _PRAGMAS)
    _prepare(reader, "BEGIN", (*_PRAGMAS, "query_only = ON"))
    return writer, reader


def _prepare(engine: AsyncEngine, begin: str, pragmas: tuple[str, ...]) -> None:
    """Set each connection up, and begin each transaction as SQLAlchemy's SQLite documentation shows."""

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock now: once it has read, a transaction cannot get it after another's commit.
        connection.exec_driver_sql(begin)


def is_passing(error: BaseException | None) -> bool | None:
    """Whether waiting may cure `error`, or None when it does not say that the database is out of reach."""
    # The extended code carries more in its higher bits.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _PASSING:
        return True
    return False if code in _LASTING else None
