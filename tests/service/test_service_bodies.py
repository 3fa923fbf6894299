"""Bodies that mean two things, and bodies that do not arrive."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fixture_types import Ledger, Order, Start
from mint_parts import Key
from web4_identity.http import admission, body_time
from web4_identity.http.admission import LEAST_AT_ONCE
from web4_identity.http.rate_limiter import RateLimiter
from web4_identity.http.verdict import Verdict

pytestmark = pytest.mark.unit

MINT = "/v1/lct/mint"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("{", '{"society": "another", ', 1),
        lambda text: text[:-1] + ', "metadata": {"a": {"b": 1, "b": 1}}}',
        lambda text: text[:-1] + ', "metadata": {"a": NaN}}',
    ],
    ids=["member twice", "nested member twice", "NaN"],
)
async def test_json_that_readers_understand_differently_is_refused(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, spoil: Callable[[str], str]
) -> None:
    before = await ledger.everything()
    headers = {"Content-Type": "application/json"}
    answer = await client.post(MINT, content=spoil(json.dumps(order())), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "W4_ERR_VALIDATION")
    assert await ledger.everything() == before


async def test_a_body_that_does_not_arrive_in_time_is_408(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_time, "BODY_SECONDS", 0.3)
    arrived = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b" "
            await asyncio.sleep(0.1)
        arrived.set()

    headers = {"Content-Type": "application/json"}
    answer = await client.request("POST", MINT, content=trickle(), headers=headers, auth=None)
    assert (answer.status_code, answer.json()["code"]) == (408, "W4_ERR_BODY_TOO_SLOW")
    assert answer.headers["connection"] == "close"
    assert not arrived.is_set(), "the answer waited for the whole body"


async def test_bodies_that_do_not_arrive_keep_nobody_else_waiting(client: httpx.AsyncClient, order: Order) -> None:
    arrive = asyncio.Event()

    async def wait() -> AsyncIterator[bytes]:
        yield b"{"
        await arrive.wait()

    slow = [
        asyncio.create_task(client.request("POST", MINT, content=wait(), auth=None)) for _ in range(LEAST_AT_ONCE + 1)
    ]
    await asyncio.sleep(0.2)
    assert (await client.post(MINT, json=order())).status_code == 201
    arrive.set()
    assert {answer.status_code for answer in await asyncio.gather(*slow)} == {401}


async def test_who_finds_no_place_in_time_is_503(start: Start, founder: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "WAIT_SECONDS", 0.2)
    busy = asyncio.Event()

    async def hold(self: object, limit: object, who: object, write: object) -> Verdict:
        await busy.wait()
        return Verdict(True, 1)

    monkeypatch.setattr(RateLimiter, "hit", hold)
    async with start() as client:
        held = [asyncio.create_task(client.get("/v1/lct/x")) for _ in range(LEAST_AT_ONCE)]
        await asyncio.sleep(0.1)
        answer = await client.get("/v1/lct/x")
        assert (answer.status_code, answer.json()["code"]) == (503, "W4_ERR_UNAVAILABLE")
        assert answer.headers["retry-after"] == "5"
        assert (await client.get("/health")).status_code == 200
        busy.set()
        assert {each.status_code for each in await asyncio.gather(*held)} == {404}
        assert (await client.get("/v1/lct/x")).status_code == 404
