"""A SQLite file for each test, copied from one that is migrated once, and a look at it beside the service."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any


class SqliteFiles:
    def __init__(self) -> None:
        # In memory, where a commit's wait for the disk is none: a busy disk would turn a queue of mints into 503s. The
        # tests' Postgres runs with fsync=off for the same reason.
        self.folder = Path(tempfile.mkdtemp(prefix="web4-sqlite-", dir="/dev/shm"))
        self.migrated = self.folder / "migrated.db"

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.db"

    def copy(self, name: str) -> None:
        shutil.copy(self.migrated, self.folder / f"{name}.db")

    def remove(self, name: str) -> None:
        for path in self.folder.glob(f"{name}.db*"):
            path.unlink()

    def close(self) -> None:
        shutil.rmtree(self.folder)


def run(url: str, statement: str) -> list[Any]:
    """Run one statement on the file in a connection of its own, and give its rows."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        return connection.execute(statement).fetchall()
