"""What a request sends to Postgres, and that a lost connection costs no request and never a 500."""

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from app_fixtures import FOUNDER
from fixture_types import Ledger, NewKey, Order, Start
from mint_parts import Key, new_key
from pydantic import SecretStr
from service_servers import Postgres
from sqlalchemy import event, insert, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.migrate import migrate
from web4_identity.db.mint_write import _statements
from web4_identity.db.registry import insert_lct
from web4_identity.db.tables import idempotency, lcts

pytestmark = pytest.mark.unit

MINT = "/v1/lct/mint"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What requests send to Postgres from now on: statements, and what begins and ends a transaction."""
    queries = []

    async def rest(_: object) -> None:
        await asyncio.Event().wait()

    # Its statements would stand between those of the requests.
    monkeypatch.setattr("web4_identity.housekeeping.keep_house", rest)

    def watch(connection: Any, _: object) -> None:
        # The driver tells of all but the prepared statements, which SQLAlchemy tells of.
        connection.driver_connection.add_query_logger(lambda record: queries.append(record.query))

    def record(connection: object, cursor: object, statement: str, *_: object) -> None:
        queries.append(statement)

    listeners = ((Pool, "connect", watch), (Engine, "before_cursor_execute", record))
    for each in listeners:
        event.listen(*each)
    yield queries
    for each in listeners:
        event.remove(*each)


@pytest.fixture
async def second(database: Database, new_key: NewKey) -> str:
    """The name of another society with plenty of ATP."""
    await found_society(
        database, name="second", founder_public_key=new_key().public_key, grant=1, founder_funds=10**9, pool_funds=10**9
    )
    return "second"


@pytest.mark.parametrize("witnesses", [0, 3])
async def test_a_mint_is_a_key_lookup_and_one_transaction_of_three_statements(
    sent: list[str], client: httpx.AsyncClient, order: Order, founder: Key, new_key: NewKey, witnesses: int
) -> None:
    keys = [new_key() for _ in range(witnesses)]
    for key in keys:
        assert (await client.post(MINT, json=order(public_key=key.public_key))).status_code == 201
    body = order(witnesses=keys)
    assert (await client.post(MINT, json=order())).status_code == 201, "the connection is open now"
    sent.clear()
    assert (await client.post(MINT, json=body)).status_code == 201
    expected = [
        "SELECT lcts.public_key",
        # The driver begins when it is given the first statement.
        "SELECT societies.id",
        "BEGIN",
        "WITH shared AS",
        "WITH opened AS",
        "COMMIT",
    ]
    assert [query[: len(start)] for query, start in zip(sent, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("path", "statements"), [("/v1/lct/{lct_id}", 1), ("/v1/atp/{lct_id}", 1), ("/v1/lct?society=commons", 2)]
)
async def test_a_read_opens_no_transaction(
    sent: list[str], client: httpx.AsyncClient, founder: Key, path: str, statements: int
) -> None:
    for _ in range(2):
        sent.clear()
        assert (await client.get(path.format(lct_id=founder.lct_id))).status_code == 200
    assert len(sent) == statements and all(query.startswith("SELECT") for query in sent)


async def test_what_one_statement_writes_the_other_way_writes_too(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, new_key: NewKey
) -> None:
    keys = [new_key() for _ in range(3)]
    for key in keys:
        assert (await client.post(MINT, json=order(public_key=key.public_key))).status_code == 201
    # As a database does it that cannot take the changes together.
    monkeypatch.setattr(
        "web4_identity.db.mint_write._statements", lambda together, *rest: _statements(not together, *rest)
    )
    answer = await client.post(MINT, json=order(witnesses=keys, entity_type="ai"))
    assert answer.status_code == 201, answer.text
    assert await ledger.violations() == []
    state = await ledger.everything()
    assert [len(state[table]) for table in ("lcts", "attestations", "idempotency", "audit_entries")] == [5, 3, 4, 5]
    assert {row["lct_id"]: row["balance"] for row in state["accounts"]}[answer.json()["data"]["lct_id"]] == 10_000


async def test_a_payer_in_two_societies_at_once_pays_each(
    client: httpx.AsyncClient, order: Order, second: str, founder: Key, ledger: Ledger
) -> None:
    """A mint that waits for the payer's account judges and takes what the other one left of it."""
    answers = await asyncio.gather(
        *(client.post(MINT, json=order(society=name)) for name in ("commons", second) for _ in range(10))
    )
    assert [answer.status_code for answer in answers] == [201] * 20
    state = await ledger.everything()
    left = {row["lct_id"]: row["balance"] for row in state["accounts"]}[founder.lct_id]
    assert left == 10**9 - sum(answer.json()["atp_cost"] for answer in answers)
    assert min(answer.json()["caller_atp_remaining"] for answer in answers) == left
    assert await ledger.violations() == []


async def test_a_mint_that_waits_for_an_account_sees_it_emptied(
    start: Start, order: Order, database: Database, founder: Key, ledger: Ledger
) -> None:
    async with start() as client, database.transaction() as holder:
        move = "UPDATE accounts SET balance = balance {} 999999990 WHERE {}"
        await holder.execute(text(move.format("-", f"lct_id = '{founder.lct_id}'")))
        await holder.execute(text(move.format("+", "kind = 'pool'")))
        waiting = asyncio.create_task(client.post(MINT, json=order()))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await holder.commit()
        problem = (await waiting).json()
    assert (problem["code"], problem["caller_atp_balance"]) == ("W4_ERR_INSUFFICIENT_ATP", 10)
    assert len((await ledger.everything())["lcts"]) == 1


async def test_a_rival_that_takes_both_keys_at_once_makes_a_duplicate(
    client: httpx.AsyncClient, order: Order, database: Database, founder: Key, second: str, ledger: Ledger
) -> None:
    key = new_key()
    async with database.transaction() as rival:
        row = (await rival.execute(select(lcts).where(lcts.c.lct_id != founder.lct_id))).mappings().one()
        twin = {"lct_id": key.lct_id, "public_key": key.public_key, "entity_identifier": "twin", "genesis": True}
        await insert_lct(rival, {**row, **twin})
        taken = {"payer": founder.lct_id, "key": "order-1", "request_sha256": bytes(32), "answer": {}}
        await rival.execute(insert(idempotency).values(taken))
        body, headers = order(public_key=key.public_key), {"Idempotency-Key": "order-1"}
        waiting = asyncio.create_task(client.post(MINT, json=body, headers=headers))
        await asyncio.sleep(0.5)
        assert not waiting.done()
    assert (await waiting).json()["code"] == "W4_ERR_DUPLICATE"
    assert await ledger.violations() == []


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
async def test_a_restart_of_postgres_costs_no_later_request_and_is_never_a_500(
    start: Start, order: Order, own_postgres: Postgres, number: signal.Signals
) -> None:
    url = own_postgres.url("postgres")
    await migrate(SecretStr(url), wait_seconds=5)
    opened = Database(SecretStr(url), 1)
    rich = 10**12
    await found_society(
        opened,
        name="commons",
        founder_public_key=FOUNDER.public_key,
        grant=1,
        founder_funds=rich,
        pool_funds=rich,
    )
    await opened.close()
    async with start(DATABASE_URL=url, ATP_MINT_SCALE_FACTOR="1") as client:

        async def some() -> set[int]:
            asked = [client.post(MINT, json=order()) for _ in range(5)] + [client.get(f"/v1/lct/{FOUNDER.lct_id}")]
            return {answer.status_code for answer in await asyncio.gather(*asked)}

        assert await some() == {200, 201}
        restarting = asyncio.create_task(asyncio.to_thread(own_postgres.restart, number))
        meanwhile = set()
        while not restarting.done():
            meanwhile |= await some()
        await restarting
        assert meanwhile <= {200, 201, 503} and 503 in meanwhile
        assert await some() == {200, 201}
        # Idle connections, all closed behind our back.
        await asyncio.to_thread(own_postgres.restart, number)
        assert await some() == {200, 201}
