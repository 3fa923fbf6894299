"""SQLite: the same schema as Postgres, mints that queue, and a file that cannot be used."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fixture_types import Ledger, NewKey, Order, Start
from mint_parts import Key
from pydantic import SecretStr
from service_servers import Postgres, RedisServer
from sqlalchemy import Connection, event, inspect, text, update
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner
from web4_identity import resources
from web4_identity.cli import app
from web4_identity.db.engine import Database, DatabaseUnavailable, NotMigrated
from web4_identity.db.migrate import migrate
from web4_identity.db.standing import Standing, set_standing
from web4_identity.db.tables import metadata, societies, standing

pytestmark = [pytest.mark.unit, pytest.mark.backends("sqlite")]

MINT = "/v1/lct/mint"


def described(connection: Connection) -> dict[str, Any]:
    """What both must have alike: nullability of each column, unique column sets, references, columns of indexes."""
    inspector = inspect(connection)
    found = {}
    for table in set(inspector.get_table_names()) - {"alembic_version"}:
        key = inspector.get_pk_constraint(table)["constrained_columns"]
        indexes = [index for index in inspector.get_indexes(table) if not index.get("duplicates_constraint")]
        found[table] = {
            "nullable": {column["name"]: column["nullable"] for column in inspector.get_columns(table)},
            "key": key,
            "unique": sorted(each["column_names"] for each in inspector.get_unique_constraints(table)),
            "references": sorted(
                (each["constrained_columns"], each["referred_table"], each["referred_columns"])
                for each in inspector.get_foreign_keys(table)
            ),
            "indexes": sorted((each["name"], each["column_names"], bool(each["unique"])) for each in indexes),
        }
    return found


async def test_both_databases_have_the_same_schema(database: Database, postgres: Postgres, template: str) -> None:
    other = Database(SecretStr(postgres.url(template)), 1)
    async with database.transaction() as here, other.transaction() as there:
        ours, theirs = await here.run_sync(described), await there.run_sync(described)
        revisions = [
            (await each.execute(text("SELECT version_num FROM alembic_version"))).all() for each in (here, there)
        ]
    await other.close()
    assert ours == theirs
    assert revisions[0] == revisions[1], "a revision of Postgres needs one of the same number for SQLite"
    assert set(ours) == set(metadata.tables)


async def test_many_mints_in_two_processes_queue_and_none_finds_the_database_locked(
    start: Start, order: Order, founder: Key, ledger: Ledger
) -> None:
    # Two apps are two sets of connections, as two processes have them.
    async with start(ATP_MINT_SCALE_FACTOR="1") as one, start(ATP_MINT_SCALE_FACTOR="1") as two:
        answers = await asyncio.gather(*(client.post(MINT, json=order()) for client in (one, two) * 40))
    assert {answer.status_code for answer in answers} == {201}
    assert (await ledger.everything())["societies"][0]["lct_count"] == 80
    assert await ledger.violations() == []


async def test_a_reader_waits_for_no_writer(client: httpx.AsyncClient, database: Database, founder: Key) -> None:
    async with database.transaction() as writer:
        await writer.execute(update(societies).values(lct_count=7))
        async with asyncio.timeout(3):
            answer = await client.get("/v1/societies/commons")
    assert answer.json()["lct_count"] == 0
    assert (await client.get("/v1/societies/commons")).json()["lct_count"] == 7


async def test_who_says_to_read_cannot_write(database: Database, founder: Key) -> None:
    with pytest.raises(DatabaseUnavailable, match="readonly"):
        async with database.reading() as connection:
            await connection.execute(update(societies).values(lct_count=7))


async def test_what_is_stored_is_what_was_given(database: Database, founder: Key) -> None:
    exact = Standing(
        Decimal("0.1234567890123456789"), Decimal(0), Decimal(1), 2**53, datetime(2020, 1, 1, 5, tzinfo=UTC)
    )
    await set_standing(database, founder.lct_id, exact)
    async with database.reading() as connection:
        row = (await connection.execute(standing.select())).one()
        stored = (await connection.execute(text("SELECT since FROM standing"))).scalar_one()
    assert Standing(*row[1:]) == exact and row.since.tzinfo is UTC
    assert stored == "2020-01-01 05:00:00.000000"


async def test_a_commit_waits_for_the_disk(database: Database) -> None:
    async with database.transaction() as connection:
        values = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


async def refused(client: httpx.AsyncClient, order: Order) -> None:
    answer = await client.post(MINT, json=order())
    assert (answer.status_code, answer.json()["code"]) == (503, "W4_ERR_UNAVAILABLE"), answer.text
    assert answer.headers["retry-after"]


async def test_a_database_that_another_process_keeps_locked_is_503(
    monkeypatch: pytest.MonkeyPatch, start: Start, order: Order, database_url: str, ledger: Ledger
) -> None:
    monkeypatch.setattr(resources, "Database", partial(Database, statement_seconds=1))
    before = await ledger.everything()
    async with start() as client:
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            # The second one waits for the first one's connection, not for the lock.
            await asyncio.gather(refused(client, order), refused(client, order))
            other.execute("ROLLBACK")
        assert await ledger.everything() == before
        assert (await client.post(MINT, json=order())).status_code == 201


async def test_a_full_disk_is_503_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, start: Start, order: Order, ledger: Ledger
) -> None:
    pages = {"max_page_count": "1"}

    def small(*args: Any, **options: Any) -> Database:
        made = Database(*args, **options)

        @event.listens_for(made._engine.sync_engine, "begin")
        def on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages['max_page_count']}")

        return made

    monkeypatch.setattr(resources, "Database", small)
    long = {"metadata": {"k": "v" * 4000}}
    async with start() as client:
        before = await ledger.everything()
        answers = [await client.post(MINT, json=order(**long)) for _ in range(3)]
        assert 503 in {answer.status_code for answer in answers} <= {201, 503}
        assert len((await ledger.everything())["lcts"]) == len(before["lcts"]) + [a.status_code for a in answers].count(
            201
        )
        assert await ledger.violations() == []
        pages["max_page_count"] = "100000"
        assert (await client.post(MINT, json=order(**long))).status_code == 201


async def test_a_service_makes_no_file_and_says_so(
    start: Start, redis_server: RedisServer, tmp_path: Path, empty_database_url: str
) -> None:
    env = {"DATABASE_URL": empty_database_url}
    async with start(**env) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["dependencies"]["database"]) == (503, "not migrated")
        assert (await client.get("/v1/societies/commons")).status_code == 503
        database = Database(SecretStr(empty_database_url), 1)
        with pytest.raises(NotMigrated, match="web4-identity migrate"):
            async with database.transaction():
                pass
        await database.close()
        await migrate(SecretStr(empty_database_url), wait_seconds=0)
        assert (await client.get("/readyz")).status_code == 200


async def test_another_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("no database at all, only text " * 50)
    with pytest.raises(DatabaseUnavailable, match="not a database") as caught:
        await migrate(SecretStr(f"sqlite:///{path}"), wait_seconds=60)
    assert not caught.value.passing


def test_the_command_line_works_on_a_file_of_any_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, new_key: NewKey
) -> None:
    folder = tmp_path / "a b%20?ü"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///identity.db")
    genesis = ["--genesis-society", "home", "--genesis-public-key", new_key().public_key]
    run = CliRunner().invoke
    absent = run(app, ["ledger", "verify"])
    assert absent.exit_code == 1 and not list(folder.iterdir())
    assert absent.stderr == "web4-identity: database unavailable: it has no schema; run `web4-identity migrate`\n"
    assert run(app, ["migrate", *genesis]).exit_code == 0
    assert (folder / "identity.db").exists()
    result = run(app, ["ledger", "verify"])
    assert result.stdout == "the ledger is sound: 2 transfers, 3 accounts, 10100000 ATP issued\n"


async def test_an_error_that_is_no_outage_passes_through(database: Database) -> None:
    with pytest.raises(OperationalError, match="no such column"):
        async with database.transaction() as connection:
            await connection.execute(text("SELECT absent FROM societies"))
