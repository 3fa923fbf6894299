"""A migration runs beside the release before: it keeps nobody waiting for long, and takes nothing that is in use.

squawk knows the statements of Postgres that hold everybody up, or break who still uses the schema of before.
"""

import asyncio
import importlib
import io
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from pydantic import SecretStr
from sqlalchemy import text
from web4_identity.db import migrate as migrations
from web4_identity.db.engine import Database
from web4_identity.db.migrate import migrate
from web4_identity.db.migrations import postgresql

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres")]

REVISIONS = sorted(file.stem for file in Path(postgresql.__file__).parent.glob("0*.py"))
NOT_ASKED_FOR = {
    "require-lock-timeout": "each migration has one: db.migrate sets it for the transaction",
    "require-statement-timeout": "a statement that is not waiting is let finish, however much there is to rewrite",
}
# What is said of revisions that have run everywhere is history; from here on it is an error.
FIRST_BEFORE_SQUAWK = "0007_audit"


def sql(revision: str) -> str:
    """What a revision sends to Postgres."""
    module = importlib.import_module(f"{postgresql.__name__}.{revision}")
    written = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    with Operations.context(context):
        module.upgrade()
    return written.getvalue()


def complaints(text: str) -> str:
    """What squawk says of it; nothing if nothing."""
    words = ["--assume-in-transaction", "--pg-version=15", "--reporter=gcc", f"--exclude={','.join(NOT_ASKED_FOR)}"]
    done = subprocess.run(
        [Path(sys.executable).with_name("squawk"), *words, "--stdin-filepath=revision.sql"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout if done.returncode else ""


@pytest.mark.parametrize("revision", [each for each in REVISIONS if each > FIRST_BEFORE_SQUAWK])
def test_a_revision_breaks_nobody_who_uses_the_schema_of_before(revision: str) -> None:
    assert complaints(sql(revision)) == ""


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE lcts DROP COLUMN metadata", "ban-drop-column"),
        ("ALTER TABLE lcts RENAME COLUMN metadata TO meta", "renaming-column"),
        ("ALTER TABLE lcts ADD COLUMN new text NOT NULL", "adding-required-field"),
        ("CREATE INDEX by_parent ON lcts (parent_org)", "require-concurrent-index-creation"),
    ],
)
def test_squawk_finds_what_would(statement: str, rule: str) -> None:
    assert rule in complaints(statement + ";\n")


async def test_who_reads_is_not_kept_waiting_behind_a_migration_that_waits(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 1)
    url = SecretStr(empty_database_url)
    await migrate(url, wait_seconds=0, revision="0007")
    holder, reader = [await asyncpg.connect(empty_database_url) for _ in range(2)]
    try:
        # Somebody's long report: it keeps the table's columns as they are until it ends.
        await holder.execute("BEGIN; SELECT 1 FROM lcts")
        migration = asyncio.create_task(migrate(url, wait_seconds=60))
        waiting = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
        async with asyncio.timeout(20):
            while not await holder.fetchval(waiting):
                await asyncio.sleep(0.01)
            await reader.execute("SELECT 1 FROM lcts")
        assert not migration.done()
        await holder.execute("COMMIT")
        await migration
        assert await reader.fetchval("SELECT version_num FROM alembic_version") == "0008"
    finally:
        await holder.close()
        await reader.close()


@pytest.mark.backends("postgres", "sqlite")
async def test_the_schema_of_a_later_release_that_was_rolled_back_is_left_as_it_is(
    database_url: str, database: Database
) -> None:
    later = [text("UPDATE alembic_version SET version_num = '9999'"), text("CREATE TABLE of_it (id integer)")]
    async with database.transaction() as connection:
        for statement in later:
            await connection.execute(statement)
    await migrate(SecretStr(database_url), wait_seconds=0)
    async with database.transaction() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"
