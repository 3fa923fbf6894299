"""Limits and nonces without Redis: while it is lost, after it came back, and where none is used."""

import asyncio
import itertools
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from typing import NoReturn

import httpx
import pytest
from fixture_types import Ledger, Order, Sample, Start
from mint_parts import Key
from service_servers import RedisServer
from structlog.testing import capture_logs
from web4_identity.http import nonces
from web4_identity.http.memory_window import MEMORY_BYTES, MemoryWindow
from web4_identity.http.nonces import Nonces
from web4_identity.redis_store import StoreUnavailable
from web4_identity.settings import ConfigError, load_settings

pytestmark = pytest.mark.unit

Mode = Callable[[httpx.AsyncClient], Awaitable[str]]

MINT = "/v1/lct/mint"
ABSENT = "/v1/lct/lct:web4:absent"
MODE = 'web4_identity_rate_limiter_mode{{mode="{}"}}'
CHANGES = ("rate_limits_in_memory", "rate_limits_in_redis")


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def mode(sample: Sample) -> Mode:
    async def read(client: httpx.AsyncClient) -> str:
        redis, memory = [await sample(MODE.format(name), client) for name in ("redis", "memory")]
        assert redis is not None and memory is not None and redis + memory == 1
        return "redis" if redis else "memory"

    return read


async def until_redis_counts(client: httpx.AsyncClient, mode: Mode) -> None:
    """Ask until Redis is used again; nothing but requests brings it back."""
    async with asyncio.timeout(10):
        while await mode(client) != "redis":
            await client.get(ABSENT)
            await asyncio.sleep(0.1)


def again(sent: httpx.Request) -> httpx.Request:
    return httpx.Request("POST", sent.url, headers=sent.headers, content=sent.content)


async def test_reads_have_a_limit_without_redis_and_mints_are_refused(
    start: Start, order: Order, own_redis: RedisServer, mode: Mode, ledger: Ledger, sample: Sample
) -> None:
    before = await ledger.everything()
    with capture_logs() as logs:
        async with start(REDIS_PORT=str(own_redis.port), RATE_LIMIT_MAX_REQUESTS_PER_IP="3") as client:
            assert [(await client.get(ABSENT)).status_code for _ in range(4)] == [404, 404, 404, 429]
            assert await mode(client) == "redis"
            own_redis.stop()
            refused = await client.post(MINT, json=order())
            assert (refused.status_code, refused.json()["code"]) == (503, "W4_ERR_UNAVAILABLE")
            assert refused.headers["retry-after"]
            answers = [await client.get(ABSENT) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
            assert answers[-1].headers["ratelimit-limit"] == "3" and answers[-1].headers["ratelimit-remaining"] == "0"
            assert 50 < int(answers[-1].headers["retry-after"]) <= 60
            assert await sample('web4_identity_rate_limit_rejected_total{limit_type="ip"}', client) == 3
            assert await mode(client) == "memory"
            assert (await client.post(MINT, json=order())).status_code == 503
            assert await ledger.everything() == before
            own_redis.start()
            await until_redis_counts(client, mode)
            assert (await client.post(MINT, json=order())).status_code == 201
    assert [line["event"] for line in logs if line["event"] in CHANGES] == list(CHANGES)
    (lost,) = [line for line in logs if line["event"] == CHANGES[0]]
    assert lost["mints"] == "refuse" and "ConnectionError" in lost["cause"]


async def test_mints_go_on_where_allowed_and_a_signature_counts_once(
    start: Start, order: Order, founder: Key, own_redis: RedisServer, mode: Mode
) -> None:
    changes = {"REDIS_PORT": str(own_redis.port), "MINTS_WITHOUT_REDIS": "allow"}
    async with start(**changes, RATE_LIMIT_MAX_REQUESTS_PER_PAYER="4") as client:

        async def mint() -> httpx.Request:
            sent = client.build_request("POST", MINT, json=order())
            assert (await client.send(sent)).status_code == 201
            return sent

        async def assert_replayed(*requests: httpx.Request) -> None:
            for sent in requests:
                answer = await client.send(again(sent), auth=None)
                assert (answer.status_code, answer.json()["code"]) == (401, "W4_ERR_SIGNATURE_REPLAYED")

        first = await mint()
        own_redis.stop()
        second = await mint()
        await assert_replayed(first, second)
        assert await mode(client) == "memory"
        for _ in range(3):
            await mint()
        limited = await client.post(MINT, json=order())
        assert (limited.status_code, limited.headers["ratelimit-limit"]) == (429, "4")
        # It comes back empty, knowing neither signature.
        own_redis.start()
        await until_redis_counts(client, mode)
        await assert_replayed(first, second)
        await mint()


async def test_a_dead_redis_is_not_waited_for_by_every_request(start: Start) -> None:
    asked = []

    async def hang(reader: asyncio.StreamReader, writer: object) -> None:
        asked.append(time.monotonic())
        await reader.read()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with silent, start(REDIS_PORT=str(silent.sockets[0].getsockname()[1])) as client:
        assert (await client.get(ABSENT)).status_code == 404
        asked.clear()
        for _ in range(30):
            assert (await client.get(ABSENT)).status_code == 404
        assert len(asked) < 10
        assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(asked))
        silent.close()


async def test_the_memory_store_needs_no_redis(
    start: Start, order: Order, mode: Mode, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> NoReturn:
        raise AssertionError("a connection to Redis was made")

    monkeypatch.setattr("web4_identity.resources.RedisStore", refuse)
    limits = {"RATE_LIMIT_MAX_REQUESTS_PER_IP": "4", "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "1"}
    async with start(RATE_LIMIT_STORE="memory", REDIS_PORT="1", **limits) as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["dependencies"] == {"database": "ok", "redis": "not used"}
        sent = client.build_request("POST", MINT, json=order())
        assert (await client.send(sent)).status_code == 201
        assert (await client.send(again(sent), auth=None)).json()["code"] == "W4_ERR_SIGNATURE_REPLAYED"
        limited = await client.post(MINT, json=order())
        assert (limited.status_code, limited.headers["ratelimit-limit"]) == (429, "1")
        assert [(await client.get(ABSENT)).status_code for _ in range(2)] == [404, 429]
        assert await mode(client) == "memory"
        assert await sample("web4_identity_rate_limit_store_errors_total", client) == 0
        assert await sample('web4_identity_dependency_up{dependency="redis"}', client) is None


def test_the_window_in_memory_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("web4_identity.http.memory_window.time.monotonic", lambda: now)
    window = MemoryWindow(2, 60)
    assert window.hit("a").allowed
    now += 30
    assert window.hit("a").allowed
    refused = window.hit("a")
    assert (refused.allowed, refused.limit, refused.reset_seconds) == (False, 2, 30)
    assert window.hit("b").allowed
    now += 30
    # One of the two has left the window: a fixed window would let two through.
    assert [window.hit("a").allowed for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("limit", "clients", "each"), [(20, 40_000, 1), (20, 12_000, 20), (100_000, 8, 100_000)])
def test_a_flood_of_clients_cannot_grow_the_window_without_end(limit: int, clients: int, each: int) -> None:
    window = MemoryWindow(limit, 86_400)
    tracemalloc.start()
    try:
        for number in range(clients):
            # As long as an IPv6 network can be.
            who = f"2001:0db8:{number:04x}:0000:0000:0000:0000:0000/64"
            for _ in range(each):
                window.hit(who)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert MEMORY_BYTES / 3 < held < MEMORY_BYTES


def test_the_newest_clients_stay_limited_in_a_flood() -> None:
    window = MemoryWindow(1, 60)
    for number in range(30_000):
        window.hit(str(number))
        assert not window.hit(str(number)).allowed
    assert window.hit("0").allowed


async def test_nonces_in_memory_expire_and_none_is_pushed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "MEMORY_NONCES", 3)
    monkeypatch.setattr(nonces, "MAX_LIFETIME_SECONDS", 2)
    memory = {"RATE_LIMIT_STORE": "memory", "SIGNATURE_CLOCK_SKEW_SECONDS": "0"}
    kept = Nonces(load_settings(DATABASE_URL="postgresql://u:p@h/d", **memory), None)
    assert [await kept.use("payer", nonce) for nonce in "aabc"] == [True, False, True, True]
    with pytest.raises(StoreUnavailable):
        await kept.use("payer", "d")
    assert not await kept.use("payer", "a")
    await asyncio.sleep(2.1)
    assert [await kept.use("payer", nonce) for nonce in "da"] == [True, True]


@pytest.mark.parametrize("name", ["RATE_LIMIT_STORE", "MINTS_WITHOUT_REDIS"])
def test_only_the_named_ways_are_settings(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(DATABASE_URL="postgresql://u:p@h/d", **{name: "sometimes"})
    (line,) = caught.value.problems
    assert line.startswith(f"{name} must be ") and "'sometimes'" in line
