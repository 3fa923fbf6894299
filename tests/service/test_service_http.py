"""Limits, dependencies that fail, probes and problem documents."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import NoReturn

import httpx
import pytest
from fixture_types import JoinRelay, Ledger, Order, Sample, Start
from service_servers import Postgres, RedisServer

pytestmark = pytest.mark.unit

MINT = "/v1/lct/mint"
ABSENT = "/v1/lct/lct:web4:absent"


async def test_health_has_exactly_the_guides_members(start: Start) -> None:
    async with start(DATABASE_URL="postgresql://u:p@127.0.0.1:1/x", REDIS_PORT="1") as client:
        answer = await client.get("/health")
        assert answer.status_code == 200
        body = answer.json()
        assert re.match(r"\d{4}-\d\d-\d\dT", body.pop("timestamp"))
        assert body == {
            "status": "healthy",
            "version": "3.0.0-phase2",
            "security_level": "phase2_attack_resistance",
        }
        assert (await client.get("/livez")).status_code == 200


async def test_requests_over_the_limit_are_429_and_the_window_slides(start: Start, sample: Sample) -> None:
    async with start(RATE_LIMIT_MAX_REQUESTS_PER_IP="3", RATE_LIMIT_WINDOW_SECONDS="1") as client:
        statuses = [(await client.get(ABSENT)).status_code for _ in range(3)]
        limited = await client.get(ABSENT)
        assert statuses == [404, 404, 404]
        assert limited.status_code == 429 and limited.json()["code"] == "W4_ERR_RATE_LIMITED"
        assert limited.headers["content-type"] == "application/problem+json"
        assert limited.headers["ratelimit-limit"] == "3" and limited.headers["ratelimit-remaining"] == "0"
        assert 1 <= int(limited.headers["retry-after"]) <= 2
        assert limited.headers["ratelimit-reset"] == limited.headers["retry-after"]
        assert await sample('web4_identity_rate_limit_rejected_total{limit_type="ip"}', client) == 1
        assert (await client.get("/health")).status_code == 200
        await asyncio.sleep(1.1)
        assert (await client.get(ABSENT)).status_code == 404


async def test_concurrent_requests_cannot_overshoot(start: Start) -> None:
    async with start(RATE_LIMIT_MAX_REQUESTS_PER_IP="5") as one, start(RATE_LIMIT_MAX_REQUESTS_PER_IP="5") as two:
        answers = await asyncio.gather(*(client.get(ABSENT) for client in (one, two) * 10))
    assert sorted(answer.status_code for answer in answers) == [404] * 5 + [429] * 15


async def test_a_limited_mint_reads_no_body(start: Start, order: Order) -> None:
    async with start(RATE_LIMIT_MAX_REQUESTS_PER_IP="1") as client:
        await client.get(ABSENT)
        assert (await client.post(MINT, content=b"{")).status_code == 429


async def test_forwarded_for_counts_only_from_a_trusted_peer(start: Start) -> None:
    async def statuses(**changes: str) -> list[int]:
        async with start(RATE_LIMIT_MAX_REQUESTS_PER_IP="1", **changes) as client:
            return [
                (await client.get(ABSENT, headers={"X-Forwarded-For": f"192.0.2.{n}"})).status_code for n in range(2)
            ]

    assert await statuses(TRUSTED_PROXIES="198.51.100.0/24") == [404, 429]
    assert await statuses(TRUSTED_PROXIES="203.0.113.0/24") == [404, 404]


async def test_what_a_client_prepends_to_forwarded_for_is_ignored(start: Start) -> None:
    async with start(RATE_LIMIT_MAX_REQUESTS_PER_IP="1", TRUSTED_PROXIES="203.0.113.0/24") as client:
        spoofed = [{"X-Forwarded-For": f"192.0.2.{n}, 198.51.100.1"} for n in range(2)]
        assert [(await client.get(ABSENT, headers=h)).status_code for h in spoofed] == [404, 429]


async def test_without_redis_mints_are_503_and_reads_are_served(
    start: Start, order: Order, ledger: Ledger, sample: Sample
) -> None:
    before = await ledger.everything()
    async with start(REDIS_PORT="1") as client:
        answer = await client.post(MINT, json=order())
        assert (answer.status_code, answer.json()["code"]) == (503, "W4_ERR_UNAVAILABLE")
        assert answer.headers["retry-after"]
        assert (await client.get(ABSENT)).status_code == 404
        assert await sample("web4_identity_rate_limit_store_errors_total", client) == 2
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["dependencies"] == {"database": "ok", "redis": "unreachable"}
    assert await ledger.everything() == before


async def test_a_redis_that_hangs_is_given_up_on_quickly(start: Start, order: Order) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with silent, start(REDIS_PORT=str(silent.sockets[0].getsockname()[1])) as client:
        async with asyncio.timeout(3):
            assert (await client.post(MINT, json=order())).status_code == 503
        silent.close()


async def test_redis_coming_back_is_noticed(
    start: Start, order: Order, relay: JoinRelay, redis_server: RedisServer
) -> None:
    link = await relay(redis_server.port)
    async with start(REDIS_PORT=str(link.port)) as client:
        assert (await client.post(MINT, json=order())).status_code == 201
        await link.cut()
        assert (await client.post(MINT, json=order())).status_code == 503
        await link.join()
        assert (await client.get("/readyz")).json()["dependencies"]["redis"] == "ok"
        assert (await client.post(MINT, json=order())).status_code == 201
        # A restart between two requests costs none of them.
        await link.cut()
        await link.join()
        assert (await client.post(MINT, json=order())).status_code == 201


async def test_redis_password_is_used_and_not_shown(
    start: Start, order: Order, capfd: pytest.CaptureFixture[str]
) -> None:
    server = RedisServer(password="r3dis-word")
    try:
        async with start(REDIS_PORT=str(server.port), REDIS_PASSWORD="r3dis-word") as client:
            assert (await client.post(MINT, json=order())).status_code == 201
        async with start(REDIS_PORT=str(server.port), REDIS_PASSWORD="r3dis-wrong") as client:
            assert (await client.post(MINT, json=order())).status_code == 503
    finally:
        server.close()
    assert "r3dis" not in "".join(capfd.readouterr())


async def test_a_lost_database_is_503_and_recovers(
    start: Start, order: Order, relay: JoinRelay, postgres: Postgres, database_name: str
) -> None:
    link = await relay(postgres.port)
    async with start(DATABASE_URL=postgres.url(database_name, port=link.port)) as client:
        assert (await client.post(MINT, json=order())).status_code == 201
        await link.cut()
        for answer in (await client.post(MINT, json=order()), await client.get(ABSENT)):
            assert (answer.status_code, answer.json()["code"]) == (503, "W4_ERR_UNAVAILABLE")
            assert answer.headers["content-type"] == "application/problem+json"
            assert str(link.port) not in answer.text
        ready = await client.get("/readyz")
        assert ready.status_code == 503 and ready.json()["dependencies"]["database"] == "unreachable"
        assert (await client.get("/livez")).status_code == 200
        await link.join()
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.post(MINT, json=order())).status_code == 201
        # A failover between two requests costs none of them.
        await link.cut()
        await link.join()
        assert (await client.post(MINT, json=order())).status_code == 201


async def test_an_unmigrated_database_is_not_ready(start: Start, empty_database_url: str) -> None:
    async with start(DATABASE_URL=empty_database_url) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 503 and ready.json()["dependencies"]["database"] == "not migrated"


async def chunks(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 1000):
        yield b" " * min(1000, size - start)


async def test_a_body_over_10_kib_is_413_declared_or_chunked(
    client: httpx.AsyncClient, order: Order, sample: Sample
) -> None:
    declared = await client.request("POST", MINT, content=b" " * 10241, auth=None)
    chunked = await client.request(
        "POST", MINT, content=chunks(10241), headers={"content-type": "application/json"}, auth=None
    )
    lying = await client.request("POST", MINT, content=chunks(20000), headers={"content-length": "9" * 30}, auth=None)
    for answer in (declared, chunked, lying):
        assert (answer.status_code, answer.json()["code"]) == (413, "W4_ERR_BODY_TOO_LARGE")
        assert answer.headers["content-type"] == "application/problem+json"
    assert await sample('web4_identity_lct_mint_rejected_total{reason="body_too_large"}') == 3


async def test_a_body_of_exactly_10_kib_is_read(client: httpx.AsyncClient, order: Order) -> None:
    text = json.dumps(order())
    padded = (text + " " * (10240 - len(text))).encode()
    assert len(padded) == 10240
    assert (await client.post(MINT, content=padded, headers={"content-type": "application/json"})).status_code == 201


async def test_unknown_routes_and_methods_are_problems(client: httpx.AsyncClient, sample: Sample) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", MINT, 405), ("GET", "/v1/lct/a/b", 404)):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"
    text = (await client.get("/metrics")).text
    assert 'route="unmatched"' in text and "/nowhere" not in text


async def test_an_unexpected_error_shows_no_internals(
    client: httpx.AsyncClient, order: Order, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def explode(*_: object) -> NoReturn:
        raise RuntimeError("internal detail")

    monkeypatch.setattr("web4_identity.api.lct.mint", explode)
    answer = await client.post(MINT, json=order())
    assert (answer.status_code, answer.json()["code"]) == (500, "W4_ERR_INTERNAL")
    assert "internal detail" not in answer.text and "Traceback" not in answer.text


async def test_request_id_is_kept_when_sane_and_made_otherwise(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health", headers={"X-Request-ID": "abc-1.2"})).headers["x-request-id"] == "abc-1.2"
    made = (await client.get("/health", headers={"X-Request-ID": "a b\t" * 40})).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)


async def test_the_api_description_is_published_in_test_mode_only(start: Start) -> None:
    async with start() as client:
        assert (await client.get("/openapi.json")).status_code == 404
    async with start(WEB4_TEST_MODE="true") as client:
        assert MINT in (await client.get("/openapi.json")).json()["paths"]
