"""kill -9 of the service in the middle of many mints: what was acknowledged is there, the ledger is sound."""

import asyncio
import contextlib
import signal
from collections import Counter

import httpx
import pytest
from app_fixtures import FOUNDER
from fixture_types import Ledger, Order, Serve
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

MINTS = 1000
ENOUGH = 100
"""The service dies when so many are acknowledged."""


@pytest.fixture
def settings(env: dict[str, str]) -> dict[str, str]:
    return {
        **env,
        "RATE_LIMIT_MAX_REQUESTS_PER_IP": "100000",
        "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "100000",
        # The price stays the same, or the thousandth mint could not be paid.
        "ATP_MINT_SCALE_FACTOR": "1",
    }


@pytest.mark.parametrize("run", range(3))
async def test_a_mint_is_acknowledged_only_when_it_is_kept(
    run: int, serve: Serve, settings: dict[str, str], order: Order, ledger: Ledger
) -> None:
    process, port, _ = serve(settings)
    orders = {f"mint-{number}": order() for number in range(MINTS)}
    answered = {}

    async def mint(client: httpx.AsyncClient, key: str) -> None:
        with contextlib.suppress(httpx.TransportError):
            answer = await client.post("/v1/lct/mint", json=orders[key], headers={"Idempotency-Key": key})
            answered[key] = answer
            if sum(each.status_code == 201 for each in list(answered.values())) == ENOUGH:
                process.send_signal(signal.SIGKILL)

    # One connection each, so that all are under way at once.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    payer = PayerAuth(FOUNDER.private)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=payer, timeout=60, limits=limits) as client:
        await asyncio.gather(*(mint(client, key) for key in orders))
    acknowledged = {key for key, answer in answered.items() if answer.status_code == 201}
    refused = answered.keys() - acknowledged
    lost = orders.keys() - answered.keys()
    statuses = Counter(answer.status_code for answer in answered.values())
    assert len(acknowledged) >= ENOUGH and lost, f"not killed in the middle: {statuses}"
    assert process.wait(10) == -signal.SIGKILL

    kept = [row["public_key"] for row in (await ledger.everything())["lcts"]]
    assert len(kept) == len(set(kept))
    there = {key for key, body in orders.items() if body["public_key"] in kept}
    assert acknowledged <= there
    assert not refused & there
    assert await ledger.violations() == []

    # A lost answer may belong to a mint that is committed. Sent again it is answered, and charged once.
    _, port, _ = serve(settings)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=payer, timeout=60) as client:
        for key in sorted(lost)[:50] + sorted(acknowledged)[:50] + sorted(lost & there):
            again = await client.post("/v1/lct/mint", json=orders[key], headers={"Idempotency-Key": key})
            assert again.status_code == 201, again.text
            if key in acknowledged:
                assert again.json() == answered[key].json()
    state = await ledger.everything()
    balance = {row["lct_id"]: row["balance"] for row in state["accounts"]}[FOUNDER.lct_id]
    assert balance == 10**9 - 100 * state["societies"][0]["lct_count"]
    assert await ledger.violations() == []
