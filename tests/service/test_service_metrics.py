"""What /metrics says of the pool, the dependencies, the ledger and the societies, and that its labels stay few."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from app_fixtures import SOCIETY
from fixture_types import JoinRelay, NewKey, Order, Sample, Start
from mint_parts import Key
from pydantic import SecretStr
from service_servers import Postgres, RedisServer
from web4_identity import SERVICE_VERSION, metrics
from web4_identity.db import engine
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.metrics import Metrics

pytestmark = pytest.mark.unit

Until = Callable[[httpx.AsyncClient, str, float], Awaitable[None]]

MINT = "/v1/lct/mint"
ABSENT = "/v1/lct/lct:web4:absent"
PREFIX = "web4_identity_"
UP = PREFIX + 'dependency_up{{dependency="{}"}}'
IN_USE, IDLE = [f'{PREFIX}db_pool_connections{{state="{state}"}}' for state in ("in_use", "idle")]


@pytest.fixture
def until(sample: Sample) -> Until:
    """until(client, series, value) waits until a line of /metrics has the value; housekeeping runs beside requests."""

    async def wait(client: httpx.AsyncClient, series: str, value: float) -> None:
        async with asyncio.timeout(10):
            while await sample(series, client) != value:
                await asyncio.sleep(0.05)

    return wait


def test_every_series_of_bounded_labels_exists_at_zero() -> None:
    built = Metrics()
    built.watch_pool(Database(SecretStr("postgresql://u:p@127.0.0.1:1/x"), 7))

    def value(name: str, **labels: str) -> float | None:
        return built.registry.get_sample_value(PREFIX + name, labels)

    assert value("build_info", version=SERVICE_VERSION) == 1
    assert value("db_pool_size") == 7
    assert [value("db_pool_connections", state=state) for state in ("in_use", "idle")] == [0, 0]
    for name in ("db_pool_timeouts_total", "rate_limit_store_errors_total", "ledger_imbalance_atp"):
        assert value(name) == 0, name
    assert value("ledger_last_check_timestamp_seconds") == 0
    assert value("lct_minting_cost_atp_count") == 0
    assert value("dependency_up", dependency="database") == 0


async def test_the_pool_is_counted_and_its_timeouts_too(
    start: Start, order: Order, sample: Sample, until: Until, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POOL_WAIT_SECONDS", 0.3)
    async with start(DB_POOL_SIZE="1") as client:
        await until(client, UP.format("database"), 1)
        assert [await sample(series, client) for series in (IN_USE, IDLE)] == [0, 1]
        minted = (await client.post(MINT, json=order())).json()["data"]["lct_id"]
        async with database.transaction() as connection:
            # The reader waits for this lock with the only connection.
            await connection.exec_driver_sql("LOCK TABLE lcts IN ACCESS EXCLUSIVE MODE")
            reader = asyncio.create_task(client.get(f"/v1/lct/{minted}"))
            await until(client, IN_USE, 1)
            assert await sample(IDLE, client) == 0
            assert (await client.get(f"/v1/lct/{minted}")).status_code == 503
        assert (await reader).status_code == 200
        assert await sample(f"{PREFIX}db_pool_timeouts_total", client) == 1
        # In full use is not out of reach.
        assert await sample(UP.format("database"), client) == 1


async def test_dependencies_are_watched(
    start: Start,
    order: Order,
    relay: JoinRelay,
    until: Until,
    postgres: Postgres,
    redis_server: RedisServer,
    database_name: str,
    new_key: NewKey,
) -> None:
    links = [await relay(server.port) for server in (postgres, redis_server)]
    url = postgres.url(database_name, port=links[0].port)
    async with start(DATABASE_URL=url, REDIS_PORT=str(links[1].port)) as client:
        # No request was sent yet: housekeeping has looked.
        await until(client, UP.format("database"), 1)
        await until(client, UP.format("redis"), 1)
        for link in links:
            await link.cut()
        assert (await client.get(f"/v1/lct/{new_key().lct_id}")).status_code == 503
        await until(client, UP.format("database"), 0)
        await until(client, UP.format("redis"), 0)
        for link in links:
            await link.join()
        assert (await client.get("/readyz")).status_code == 200
        await until(client, UP.format("database"), 1)
        await until(client, UP.format("redis"), 1)


async def test_more_societies_than_labels_share_one(
    start: Start,
    order: Order,
    founder: Key,
    database: Database,
    sample: Sample,
    until: Until,
    new_key: NewKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "MAX_SOCIETIES", 2)
    founders = {}
    for name in ("second", "third", "fourth"):
        founders[name] = key = new_key()
        await found_society(
            database, name=name, founder_public_key=key.public_key, grant=100, founder_funds=1000, pool_funds=50_000
        )
    async with start() as client:
        pool = PREFIX + 'society_pool_atp{{society="{}"}}'
        await until(client, pool.format("other"), 100_000)
        assert await sample(pool.format(SOCIETY), client) == 10**9
        assert await sample(pool.format("second"), client) == 50_000
        assert (await client.post(MINT, json=order())).status_code == 201
        text = (await client.get("/metrics")).text
        assert "third" not in text and "fourth" not in text
        minted = PREFIX + 'lct_minted_total{{entity_type="device",society="{}"}}'
        assert [await sample(minted.format(name), client) for name in (SOCIETY, "second", "other")] == [1, 0, 0]


def test_a_mint_of_a_society_without_a_label_counts_as_other() -> None:
    built = Metrics()
    labels = [built.society(f"society-{number}") for number in range(103)]
    assert labels == [f"society-{number}" for number in range(100)] + ["other"] * 3
    assert built.society("society-99") == "society-99"
    built.minted.labels("device", built.society("society-101")).inc()
    series = {"entity_type": "device", "society": "other"}
    assert built.registry.get_sample_value(f"{PREFIX}lct_minted_total", series) == 1
