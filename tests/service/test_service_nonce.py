"""A signature counts once, at whichever replica, and what a payer may do in a time is limited."""

from typing import Any

import httpx
import pytest
from crafted import Crafted
from fixture_types import Ledger, NewKey, Order, Problem, Sample, Start
from mint_parts import Key
from service_servers import RedisServer
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

MINT = "/v1/lct/mint"
NONCE = "n" * 16


async def test_a_request_sent_again_is_a_replay_at_every_replica(
    start: Start, order: Order, founder: Key, ledger: Ledger
) -> None:
    async with start() as one, start() as two:
        sent = one.build_request("POST", MINT, json=order())
        assert (await one.send(sent)).status_code == 201
        before = await ledger.everything()
        for client in (one, two):
            again = httpx.Request("POST", sent.url, headers=sent.headers, content=sent.content)
            answer = await client.send(again, auth=None)
            assert (answer.status_code, answer.json()["code"]) == (401, "W4_ERR_SIGNATURE_REPLAYED")
        assert await ledger.everything() == before


async def test_a_nonce_belongs_to_its_payer_and_to_one_mint(
    client: httpx.AsyncClient, order: Order, unproved: Problem, founder: Key, new_key: NewKey
) -> None:
    other = new_key()
    body = order(public_key=other.public_key)
    assert (await client.post(MINT, json=body, auth=Crafted(founder, nonce=NONCE))).status_code == 201
    await unproved(Crafted(founder, nonce=NONCE), "SIGNATURE_REPLAYED")
    body = order(caller_lct_id=other.lct_id)
    assert (await client.post(MINT, json=body, auth=Crafted(other, nonce=NONCE))).status_code == 201


async def test_a_forger_cannot_use_up_a_nonce(
    client: httpx.AsyncClient, order: Order, unproved: Problem, founder: Key, new_key: NewKey
) -> None:
    await unproved(Crafted(new_key(), key_id=founder.lct_id, nonce=NONCE), "SIGNATURE_INVALID")
    assert (await client.post(MINT, json=order(), auth=Crafted(founder, nonce=NONCE))).status_code == 201


async def test_a_nonce_is_kept_longer_than_its_signature_lives(
    client: httpx.AsyncClient, order: Order, founder: Key, redis_server: RedisServer
) -> None:
    await client.post(MINT, json=order(), auth=Crafted(founder, nonce=NONCE))
    (key,) = redis_server.client.keys("*nonce*")
    assert 60 + 2 * 5 < redis_server.client.ttl(key) <= 60 + 4 * 5


async def test_a_nonce_that_cannot_be_kept_refuses_the_mint(
    start: Start, order: Order, founder: Key, ledger: Ledger, sample: Sample
) -> None:
    server = RedisServer()
    try:
        # The limits still count: only what keeps a nonce is unproved.
        server.client.execute_command("ACL", "SETUSER", "default", "-set")  # type: ignore[no-untyped-call]  # redis-py gives it no types
        before = await ledger.everything()
        async with start(REDIS_PORT=str(server.port)) as client:
            answer = await client.post(MINT, json=order())
            assert (answer.status_code, answer.json()["code"]) == (503, "W4_ERR_UNAVAILABLE")
            assert answer.headers["retry-after"]
            assert await sample("web4_identity_rate_limit_store_errors_total", client) == 1
            server.client.execute_command("ACL", "SETUSER", "default", "+set")  # type: ignore[no-untyped-call]  # redis-py gives it no types
            assert await ledger.everything() == before
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.post(MINT, json=order())).status_code == 201
    finally:
        server.close()


async def test_a_payer_has_a_limit_of_its_own_over_all_addresses(
    start: Start, order: Order, founder: Key, new_key: NewKey, sample: Sample
) -> None:
    limits = {"RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "2", "TRUSTED_PROXIES": "203.0.113.0/24"}
    async with start(**limits) as client:

        async def mint(number: int, auth: Any = httpx.USE_CLIENT_DEFAULT, **changes: Any) -> httpx.Response:
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            return await client.post(MINT, json=order(**changes), headers=headers, auth=auth)

        other = new_key()
        # Forged and replayed requests spend nothing of the payer's limit.
        for number in range(4):
            assert (await mint(number, Crafted(other, key_id=founder.lct_id))).status_code == 401
        assert [(await mint(n, public_key=key.public_key)).status_code for n, key in ((5, other), (6, new_key()))] == [
            201,
            201,
        ]
        limited = await mint(7)
        assert (limited.status_code, limited.json()["code"]) == (429, "W4_ERR_RATE_LIMITED")
        assert limited.headers["ratelimit-limit"] == "2" and int(limited.headers["retry-after"]) >= 1
        assert await sample('web4_identity_rate_limit_rejected_total{limit_type="payer"}', client) == 1
        assert await sample('web4_identity_rate_limit_rejected_total{limit_type="ip"}', client) == 0
        assert (await mint(8, PayerAuth(other.private), caller_lct_id=other.lct_id)).status_code == 201
