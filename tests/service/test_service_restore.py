"""What the restore drill compares: what a registry held at a time, in a few figures that any difference changes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import httpx
import pytest
from fixture_types import Order, Sql
from mint_parts import Key
from pydantic import SecretStr
from service_servers import Postgres
from web4_identity.db.engine import Database
from web4_identity.db.standing import Standing, set_standing
from web4_identity.restore.archive import clock
from web4_identity.restore.registry import EVERYTHING, contents

pytestmark = pytest.mark.unit

Restored = Callable[[], Awaitable[tuple[Database, asyncpg.Connection]]]

MINT = "/v1/lct/mint"


@pytest.fixture
async def restored(postgres: Postgres, database_name: str) -> AsyncIterator[Restored]:
    """restored() is a copy of this test's database as it is now, and a connection to it past all triggers."""
    name = f"{database_name}_restored"
    opened = []

    async def copy() -> tuple[Database, asyncpg.Connection]:
        # A template has no users.
        await postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database_name}'")
        await postgres.run(f"CREATE DATABASE {name} TEMPLATE {database_name}")
        connection = await asyncpg.connect(postgres.url(name))
        await connection.execute("SET session_replication_role = replica")
        opened.append((Database(SecretStr(postgres.url(name)), 1), connection))
        return opened[-1]

    yield copy
    for of, connection in opened:
        await of.close()
        await connection.close()
    await postgres.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def test_a_mint_after_the_time_is_left_out(client: httpx.AsyncClient, order: Order, database: Database) -> None:
    assert (await client.post(MINT, json=order())).status_code == 201
    held = await contents(database, EVERYTHING)
    moment = await clock(database)
    assert (await client.post(MINT, json=order())).status_code == 201
    assert await contents(database, moment) == held
    later = await contents(database, EVERYTHING)
    assert later.rows["lcts"] == held.rows["lcts"] + 1
    assert later.ledger != held.ledger and later.newest_lct != held.newest_lct


async def test_what_changes_after_the_time_was_there_all_the_same(
    client: httpx.AsyncClient, order: Order, database: Database, founder: Key, sql: Sql
) -> None:
    minted = (await client.post(MINT, json=order())).json()["data"]["lct_id"]
    standing = Standing(Decimal(1), Decimal(1), Decimal(1), 1, None)
    await set_standing(database, minted, standing)
    held = await contents(database, EVERYTHING)
    moment = await clock(database)
    await sql(f"UPDATE lcts SET revoked_at = now(), revocation_reason = 'key lost' WHERE lct_id = '{minted}'")
    await set_standing(database, minted, standing)
    await set_standing(database, founder.lct_id, standing)
    assert (await client.post(MINT, json=order())).status_code == 201
    assert (await contents(database, moment)).rows == held.rows


async def test_it_is_the_commit_that_counts_and_not_the_services_clock(
    client: httpx.AsyncClient, order: Order, database: Database, founder: Key, sql: Sql
) -> None:
    assert (await client.post(MINT, json=order())).status_code == 201
    moment = await clock(database)
    long_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    before = await contents(database, moment)
    await sql(
        "INSERT INTO audit_entries (created_at, actor, action, subject, detail)"
        f" VALUES ('{long_ago}', NULL, 'mint', '{founder.lct_id}', '{{}}')"
    )
    assert await contents(database, moment) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE ledger_entries SET amount = amount + 1 WHERE id = (SELECT max(id) FROM ledger_entries)",
        "UPDATE ledger_entries SET reference = 'x' WHERE id = (SELECT max(id) FROM ledger_entries)",
        "UPDATE ledger_entries SET created_at = created_at + '1 us' WHERE id = (SELECT min(id) FROM ledger_entries)",
        "UPDATE lcts SET public_key = 'x' WHERE created_at = (SELECT max(created_at) FROM lcts)",
        "DELETE FROM lcts WHERE created_at = (SELECT max(created_at) FROM lcts)",
        "DELETE FROM audit_entries WHERE id = (SELECT max(id) FROM audit_entries)",
        "DELETE FROM standing",
    ],
)
async def test_a_copy_is_the_same_until_anything_in_it_differs(
    client: httpx.AsyncClient, order: Order, database: Database, founder: Key, restored: Restored, damage: str
) -> None:
    assert (await client.post(MINT, json=order())).status_code == 201
    await set_standing(database, founder.lct_id, Standing(Decimal(1), Decimal(1), Decimal(1), 1, None))
    held = await contents(database, await clock(database))
    copy, connection = await restored()
    assert await contents(copy, EVERYTHING) == held
    assert await connection.execute(damage) in {"UPDATE 1", "DELETE 1"}
    assert await contents(copy, EVERYTHING) != held
