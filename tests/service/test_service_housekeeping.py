"""Housekeeping: the ledger is watched, old answers are purged, and nothing ends it but the shutdown."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import httpx
import pytest
from app_fixtures import SOCIETY
from fixture_types import JoinRelay, Ledger, Order, Sql, Start
from mint_parts import Key
from service_servers import Postgres
from sqlalchemy import update
from structlog.testing import capture_logs
from web4_identity import housekeeping
from web4_identity.db.engine import Database, DatabaseUnavailable
from web4_identity.db.tables import idempotency
from web4_identity.db.upkeep import purge_answers
from web4_identity.housekeeping import check, keep_house, purge
from web4_identity.resources import Resources
from web4_identity.settings import ConfigError, load_settings

pytestmark = pytest.mark.unit

Build = Callable[..., Resources]

MINT = "/v1/lct/mint"


@pytest.fixture
async def build(env: dict[str, str]) -> AsyncIterator[Build]:
    """build(NAME="value", ...) gives the Resources of a process that serves nothing."""
    made = []

    def make(**changes: str) -> Resources:
        made.append(Resources.build(load_settings(**{**env, **changes})))
        return made[-1]

    yield make
    for resources in made:
        await resources.close()


def value(resources: Resources, name: str, **labels: str) -> float | None:
    return resources.metrics.registry.get_sample_value(f"web4_identity_{name}", labels)


@pytest.mark.backends("postgres", "sqlite")
async def test_a_ledger_that_does_not_sum_to_zero_is_seen(build: Build, founder: Key, sql: Sql) -> None:
    resources = build()
    before = time.time()
    with capture_logs() as logs:
        await check(resources)
    assert value(resources, "ledger_imbalance_atp") == 0 and not logs
    checked = value(resources, "ledger_last_check_timestamp_seconds")
    assert checked is not None and before <= checked <= time.time()
    assert value(resources, "society_pool_atp", society=SOCIETY) == 10**9
    await sql("UPDATE accounts SET balance = balance + 7 WHERE kind = 'pool'")
    with capture_logs() as logs:
        await check(resources)
    assert value(resources, "ledger_imbalance_atp") == 7
    assert value(resources, "society_pool_atp", society=SOCIETY) == 10**9 + 7
    assert [(line["event"], line["atp"]) for line in logs] == [("ledger_imbalance", 7)]


async def test_a_check_that_fails_leaves_its_time_behind(
    build: Build, relay: JoinRelay, postgres: Postgres, database_name: str
) -> None:
    link = await relay(postgres.port)
    resources = build(DATABASE_URL=postgres.url(database_name, port=link.port))
    await check(resources)
    checked = value(resources, "ledger_last_check_timestamp_seconds")
    await link.cut()
    with pytest.raises(DatabaseUnavailable):
        await check(resources)
    assert value(resources, "ledger_last_check_timestamp_seconds") == checked
    assert value(resources, "dependency_up", dependency="database") == 0


@pytest.mark.backends("postgres", "sqlite")
async def test_purge_keeps_young_records_and_an_old_repeat_does_not_mint(
    client: httpx.AsyncClient,
    order: Order,
    build: Build,
    database: Database,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(housekeeping, "PURGE_BATCH", 2)
    bodies = [order() for _ in range(7)]
    sent = [(body, {"Idempotency-Key": f"key-{number}"}) for number, body in enumerate(bodies)]
    for body, headers in sent:
        assert (await client.post(MINT, json=body, headers=headers)).status_code == 201
    limit = datetime.now(UTC) - timedelta(days=3)
    ages = {"key-5": timedelta(minutes=1), "key-6": timedelta(days=3)}
    async with database.transaction() as connection:
        for key in (f"key-{number}" for number in range(7)):
            moved = limit + ages.get(key, timedelta(minutes=-1))
            await connection.execute(update(idempotency).where(idempotency.c.key == key).values(created_at=moved))
    resources = build(IDEMPOTENCY_RETENTION_DAYS="3")
    # Two processes at once delete each record once.
    assert sum(await asyncio.gather(purge(resources), purge(resources))) <= 5
    await purge(resources)
    before = await ledger.everything()
    assert [row["key"] for row in before["idempotency"]] == ["key-5", "key-6"]
    young = await client.post(MINT, json=bodies[5], headers=sent[5][1])
    assert young.status_code == 201
    old = await client.post(MINT, json=bodies[0], headers=sent[0][1])
    assert (old.status_code, old.json()["code"]) == (409, "W4_ERR_DUPLICATE")
    assert await ledger.everything() == before and await ledger.violations() == []


async def test_no_failure_ends_it_and_the_purge_has_its_own_time(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = build()
    done = []

    async def fail(chore: str) -> NoReturn:
        done.append(chore)
        raise RuntimeError(f"{chore} failed")

    async def no_pause(seconds: float) -> None:
        assert 54 <= seconds <= 66
        if len(done) >= 6:
            raise asyncio.CancelledError
        # An hour has passed after the fourth.
        now[0] += 4000 if len(done) == 4 else 0

    now = [0.0]
    monkeypatch.setattr(housekeeping, "check", lambda _: fail("check"))
    monkeypatch.setattr(housekeeping, "purge", lambda _: fail("purge"))
    monkeypatch.setattr("web4_identity.housekeeping.time.monotonic", lambda: now[0])
    monkeypatch.setattr("web4_identity.housekeeping.random.uniform", lambda low, high: high)
    monkeypatch.setattr("web4_identity.housekeeping.asyncio.sleep", no_pause)
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await keep_house(resources)
    assert done == ["check"] * 5 + ["purge"]
    assert [line["event"] for line in logs] == ["housekeeping_failed"] * 6


async def test_a_database_without_tables_is_no_failure(build: Build, empty_database_url: str) -> None:
    resources = build(DATABASE_URL=empty_database_url)
    with capture_logs() as logs:
        running = asyncio.create_task(keep_house(resources))
        async with asyncio.timeout(10):
            while not any(line["event"].startswith("housekeeping") for line in logs):
                await asyncio.sleep(0.05)
    assert [line["event"] for line in logs] == ["housekeeping_put_off"]
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_it_runs_with_the_app_and_ends_with_it(start: Start) -> None:
    async with start():
        (task,) = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "keep_house"]
        assert not task.done()
    assert task.cancelled()


async def test_a_swallowed_cancellation_does_not_hold_up_the_shutdown(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()

    async def swallow(_: object) -> None:
        started.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    monkeypatch.setattr(housekeeping, "check", swallow)
    async with asyncio.timeout(10), start():
        await started.wait()
        (task,) = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "keep_house"]
    assert task.done()


async def test_a_purge_takes_no_more_than_a_batch_at_once(
    founder: Key, order: Order, client: httpx.AsyncClient, database: Database
) -> None:
    for _ in range(3):
        await client.post(MINT, json=order())
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with database.transaction() as connection:
        assert [await purge_answers(connection, tomorrow, 2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("LEDGER_CHECK_SECONDS", "9", "10 to 3600"),
        ("LEDGER_CHECK_SECONDS", "3601", "10 to 3600"),
        ("IDEMPOTENCY_RETENTION_DAYS", "0", "1 to 365"),
        ("IDEMPOTENCY_RETENTION_DAYS", "366", "1 to 365"),
    ],
)
def test_bounds_of_the_settings(name: str, value: str, allowed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(DATABASE_URL="postgresql://u:p@h/d", **{name: value})
    (line,) = caught.value.problems
    assert line.startswith(f"{name} must be ") and allowed in line
