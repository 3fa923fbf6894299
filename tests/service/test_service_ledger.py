"""The ledger under concurrency, and its own defences."""

import asyncio
import sqlite3
from decimal import Decimal

import asyncpg
import httpx
import pytest
from fixture_types import Ledger, NewKey, Order, Sql, Start
from mint_parts import Key
from sqlalchemy import select, update
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.registry import insert_lct
from web4_identity.db.standing import Standing, set_standing
from web4_identity.db.tables import lcts, societies
from web4_identity.signature import PayerAuth

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

MINT = "/v1/lct/mint"


async def test_concurrent_mints_get_distinct_prices_and_lose_nothing(
    client: httpx.AsyncClient, order: Order, founder: Key, ledger: Ledger
) -> None:
    answers = await asyncio.gather(*(client.post(MINT, json=order()) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [201] * 20
    prices = sorted(answer.json()["atp_cost"] for answer in answers)
    assert prices == [100 * 3**n // 2**n for n in range(20)]
    state = await ledger.everything()
    paid = {row["lct_id"]: row["balance"] for row in state["accounts"]}[founder.lct_id]
    assert paid == 10**9 - sum(prices)
    assert state["societies"][0]["lct_count"] == 20
    assert await ledger.violations() == []


async def test_one_key_minted_many_times_at_once_exists_once(
    client: httpx.AsyncClient, order: Order, ledger: Ledger
) -> None:
    body = order()
    answers = await asyncio.gather(*(client.post(MINT, json=body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert await ledger.violations() == []


async def test_mints_across_two_societies_neither_deadlock_nor_share_a_key(
    client: httpx.AsyncClient, order: Order, database: Database, founder: Key, new_key: NewKey, ledger: Ledger
) -> None:
    other = new_key()
    await found_society(
        database, name="second", founder_public_key=other.public_key, grant=100, founder_funds=10**9, pool_funds=10**9
    )
    shared = new_key().public_key
    bodies = [order(society="second") for _ in range(6)]
    bodies += [order(public_key=shared), order(public_key=shared, society="second")]
    mints = [client.post(MINT, json=body) for body in bodies]
    mints += [
        client.post(MINT, json=order(caller_lct_id=other.lct_id), auth=PayerAuth(other.private)) for _ in range(6)
    ]
    answers = await asyncio.gather(*mints)
    assert sorted(answer.status_code for answer in answers) == [201] * 13 + [409]
    assert await ledger.violations() == []


async def test_a_key_that_another_society_mints_at_the_same_moment_is_a_duplicate(
    client: httpx.AsyncClient, order: Order, database: Database, new_key: NewKey, ledger: Ledger
) -> None:
    key, other = new_key(), new_key()
    await found_society(database, name="second", founder_public_key=other.public_key, grant=1)
    body = order(public_key=key.public_key)
    async with database.transaction() as rival:
        # Not committed yet, so the mint's own check cannot see it: only the unique index can.
        row = (await rival.execute(select(lcts).where(lcts.c.lct_id == other.lct_id))).mappings().one()
        twin = {
            **row,
            "lct_id": key.lct_id,
            "public_key": key.public_key,
            "entity_identifier": "twin",
            "genesis": False,
        }
        await insert_lct(rival, twin)
        waiting = asyncio.create_task(client.post(MINT, json=body))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await rival.execute(update(societies).where(societies.c.name == "second").values(lct_count=1))
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (409, "W4_ERR_DUPLICATE")
    assert await ledger.violations() == []


async def test_a_payer_cannot_be_overdrawn_by_concurrent_mints(
    start: Start, order: Order, ledger: Ledger, founder: Key
) -> None:
    async with start(ATP_MINT_BASE_COST="400000000", ATP_MINT_SCALE_FACTOR="1") as client:
        answers = await asyncio.gather(*(client.post(MINT, json=order()) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 402, 402, 402]
    accounts = {row["lct_id"]: row["balance"] for row in (await ledger.everything())["accounts"]}
    assert accounts[founder.lct_id] == 2 * 10**8
    assert await ledger.violations() == []


async def refuses(sql: Sql, ledger: Ledger, statement: str, message: str | None = None) -> None:
    before = await ledger.everything()
    with pytest.raises((asyncpg.PostgresError, sqlite3.Error), match=message):
        await sql(statement)
    assert await ledger.everything() == before


UNBALANCED = """INSERT INTO ledger_entries (transfer_id, account_id, amount, reason, reference)
                SELECT '6f2b7ba0abbb4c5f8a06b0b3e1a1a001', min(id), 5, 'forged', 'x' FROM accounts"""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount = amount + 1",
        "DELETE FROM ledger_entries",
        "UPDATE accounts SET balance = -1 WHERE kind = 'pool'",
        "INSERT INTO accounts (kind, society_id) SELECT 'pool', id FROM societies",
        "INSERT INTO accounts (kind, society_id) VALUES ('pool', 7777)",
        "UPDATE audit_entries SET actor = NULL",
        "DELETE FROM audit_entries",
    ],
)
async def test_the_database_refuses_to_bend_the_ledger(founder: Key, sql: Sql, ledger: Ledger, statement: str) -> None:
    await refuses(sql, ledger, statement)


@pytest.mark.backends("postgres")
@pytest.mark.parametrize("statement", ["TRUNCATE ledger_entries", "TRUNCATE audit_entries", UNBALANCED])
async def test_postgres_refuses_more(founder: Key, sql: Sql, ledger: Ledger, statement: str) -> None:
    await refuses(sql, ledger, statement, "append only|do not sum to zero")


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("table", ["ledger_entries", "audit_entries"])
async def test_sqlite_refuses_to_replace(founder: Key, sql: Sql, ledger: Ledger, table: str) -> None:
    await refuses(sql, ledger, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1", "append only")


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts SET balance = 0.5 WHERE kind = 'pool'",
        "UPDATE lcts SET metadata = '{'",
        "UPDATE standing SET talent = '1.1'",
        "UPDATE lcts SET genesis = 2",
    ],
)
async def test_sqlite_keeps_the_types_that_postgres_has(
    founder: Key, database: Database, sql: Sql, ledger: Ledger, statement: str
) -> None:
    half = Decimal("0.5")
    await set_standing(database, founder.lct_id, Standing(half, half, half, 0, None))
    await refuses(sql, ledger, statement)


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE accounts SET balance = balance + 7 WHERE kind = 'pool'", "balances sum to 7"),
        (
            """UPDATE accounts SET balance = balance + CASE kind WHEN 'pool' THEN -1 ELSE 1 END
               WHERE kind <> 'issuance'""",
            "entries sum to",
        ),
        ("UPDATE societies SET lct_count = 3", "counts 3 LCTs"),
    ],
)
async def test_verify_finds_damage(founder: Key, sql: Sql, ledger: Ledger, damage: str, finding: str) -> None:
    assert await ledger.violations() == []
    await sql(damage)
    assert any(finding in line for line in await ledger.violations())


async def test_verify_names_every_balance_that_is_not_its_entries(founder: Key, sql: Sql, ledger: Ledger) -> None:
    # One too small and one too large, so that their sum shows nothing.
    await sql("UPDATE accounts SET balance = balance - 5 WHERE kind = 'pool'")
    await sql("UPDATE accounts SET balance = balance + 5 WHERE kind = 'lct'")
    lines = await ledger.violations()
    assert len(lines) == 2 and all("entries sum to 1000000000" in line for line in lines), lines
    assert {"(pool)" in line for line in lines} == {True, False}


async def test_verify_finds_a_transfer_that_does_not_sum_to_zero(
    founder: Key, backend: str, sql: Sql, ledger: Ledger
) -> None:
    if backend == "postgres":
        await sql("ALTER TABLE ledger_entries DISABLE TRIGGER USER")
    await sql(UNBALANCED)
    assert any("entries sum to 5, not 0" in line for line in await ledger.violations())


async def test_an_audit_entry_stands_beside_each_change_and_only_then(
    client: httpx.AsyncClient, founder: Key, order: Order, ledger: Ledger
) -> None:
    body = order()
    assert (await client.post("/v1/lct/mint", json=body)).status_code == 201
    assert (await client.post("/v1/lct/mint", json=order(entity_type="human"))).status_code == 409
    found, minted = (await ledger.everything())["audit_entries"]
    assert (found["actor"], found["action"], found["subject"]) == (None, "found", founder.lct_id)
    assert (minted["actor"], minted["action"], minted["detail"]["atp_cost"]) == (founder.lct_id, "mint", 100)
