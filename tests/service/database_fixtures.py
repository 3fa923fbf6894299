"""Fixtures: the servers (once), a fresh migrated database for each test, and the ways to it.

A test marked backends("postgres", "sqlite") runs on each of them; any other one runs on Postgres.
"""

import itertools

import pytest
import sqlite_files
from pydantic import SecretStr
from service_servers import Postgres, RedisServer
from web4_identity.db.engine import Database
from web4_identity.db.migrate import migrate

_names = itertools.count()


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("backends")
    if marker and "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", marker.args, indirect=True)


@pytest.fixture
def backend(request):
    return getattr(request, "param", "postgres")


@pytest.fixture(scope="session")
def postgres():
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
async def template(postgres):
    await postgres.run("CREATE DATABASE migrated")
    await migrate(SecretStr(postgres.url("migrated")), wait_seconds=5)
    return "migrated"


@pytest.fixture(scope="session")
async def files():
    made = sqlite_files.SqliteFiles()
    await migrate(SecretStr(made.url("migrated")), wait_seconds=5)
    yield made
    made.close()


@pytest.fixture
async def database_name(backend, postgres, template, files):
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
def database_url(backend, postgres, files, database_name):
    return files.url(database_name) if backend == "sqlite" else postgres.url(database_name)


@pytest.fixture
async def empty_database_url(backend, postgres, files):
    name = f"t{next(_names)}"
    if backend == "sqlite":
        yield files.url(name)
        files.remove(name)
    else:
        await postgres.run(f"CREATE DATABASE {name}")
        yield postgres.url(name)
        await postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sql(backend, postgres, database_name, database_url):
    """sql(statement) runs it on this test's database, past the service, and gives its rows."""

    async def run(statement):
        if backend == "sqlite":
            return sqlite_files.run(database_url, statement)
        return await postgres.run(statement, database_name)

    return run


@pytest.fixture
async def database(database_url):
    opened = Database(SecretStr(database_url), 5)
    yield opened
    await opened.close()
