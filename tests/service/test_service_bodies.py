"""Bodies that mean two things, and bodies that do not arrive."""

import asyncio
import json
import time

import pytest
from web4_identity.http import body_time

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
async def test_json_that_readers_understand_differently_is_refused(client, order, ledger, spoil):
    before = await ledger.everything()
    headers = {"Content-Type": "application/json"}
    answer = await client.post(MINT, content=spoil(json.dumps(order())), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "W4_ERR_VALIDATION")
    assert await ledger.everything() == before


async def test_a_body_that_does_not_arrive_in_time_is_408(client, monkeypatch):
    monkeypatch.setattr(body_time, "BODY_SECONDS", 0.3)

    async def trickle():
        for _ in range(50):
            yield b" "
            await asyncio.sleep(0.1)

    started = time.monotonic()
    headers = {"Content-Type": "application/json"}
    answer = await client.post(MINT, content=trickle(), headers=headers, auth=None)
    assert (answer.status_code, answer.json()["code"]) == (408, "W4_ERR_BODY_TOO_SLOW")
    assert answer.headers["connection"] == "close"
    assert time.monotonic() - started < 2
