"""Fixtures: the servers (once), a fresh migrated database for each test, and the ways to it.

A test marked backends("postgres", "sqlite") runs on each of them; any other one runs on Postgres.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlite_files
from fixture_types import Sql
from pydantic import SecretStr
from service_servers import Postgres, RedisServer
from web4_identity.db.engine import Database
from web4_identity.db.migrate import migrate

_names = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("backends")
    if marker and "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", marker.args, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "postgres")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
async def template(postgres: Postgres) -> str:
    await postgres.run("CREATE DATABASE migrated")
    await migrate(SecretStr(postgres.url("migrated")), wait_seconds=5)
    return "migrated"


@pytest.fixture(scope="session")
async def files() -> AsyncIterator[sqlite_files.SqliteFiles]:
    made = sqlite_files.SqliteFiles()
    await migrate(SecretStr(made.url("migrated")), wait_seconds=5)
    yield made
    made.close()


@pytest.fixture
async def database_name(
    backend: str, postgres: Postgres, template: str, files: sqlite_files.SqliteFiles
) -> AsyncIterator[str]:
    """The name of this test's migrated database."""
    name = f"t{next(_names)}"
    if backend == "sqlite":
        files.copy(name)
        yield name
        files.remove(name)
    else:
        await postgres.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield name
        await postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(backend: str, postgres: Postgres, files: sqlite_files.SqliteFiles, database_name: str) -> str:
    return files.url(database_name) if backend == "sqlite" else postgres.url(database_name)


@pytest.fixture
async def empty_database_url(backend: str, postgres: Postgres, files: sqlite_files.SqliteFiles) -> AsyncIterator[str]:
    name = f"t{next(_names)}"
    if backend == "sqlite":
        yield files.url(name)
        files.remove(name)
    else:
        await postgres.run(f"CREATE DATABASE {name}")
        yield postgres.url(name)
        await postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sql(backend: str, postgres: Postgres, database_name: str, database_url: str) -> Sql:
    """sql(statement) runs it on this test's database, past the service, and gives its rows."""

    async def run(statement: str) -> list[Any]:
        if backend == "sqlite":
            return sqlite_files.run(database_url, statement)
        return await postgres.run(statement, database_name)

    return run


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(SecretStr(database_url), 5)
    yield opened
    await opened.close()
