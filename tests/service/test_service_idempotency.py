"""The Idempotency-Key: a repeated mint is answered as before and charges nothing."""

import asyncio
from typing import Any

import httpx
import pytest
from fixture_types import Body, Ledger, NewKey, Order, Sample, Start
from mint_parts import Key
from sqlalchemy import insert
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.tables import idempotency
from web4_identity.signature import PayerAuth

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

MINT = "/v1/lct/mint"
KEY = {"Idempotency-Key": "order-1"}


async def post(client: httpx.AsyncClient, body: Body, headers: dict[str, str] = KEY, **options: Any) -> httpx.Response:
    return await client.post(MINT, json=body, headers=headers, **options)


async def test_the_same_mint_again_gets_the_same_answer_and_charges_nothing(
    start: Start, order: Order, ledger: Ledger, sample: Sample
) -> None:
    body = order(entity_identifier="lamp", metadata={"b": 1, "a": [None, "x"]})
    async with start() as client, start() as other_replica:
        first = await post(client, body)
        assert first.status_code == 201
        assert (await client.post(MINT, json=order())).status_code == 201
        before = await ledger.everything()
        for replica in (client, other_replica):
            again = await post(replica, body)
            assert (again.status_code, again.content) == (201, first.content)
        assert await ledger.everything() == before
        assert await sample('web4_identity_lct_minted_total{entity_type="device",society="commons"}', client) == 2
    assert await ledger.violations() == []


async def test_the_same_key_with_another_body_is_refused(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, sample: Sample
) -> None:
    body = order()
    assert (await post(client, body)).status_code == 201
    before = await ledger.everything()
    for other in (order(), {**body, "metadata": {"x": 1}}, dict(reversed(body.items()))):
        answer = await post(client, other)
        assert (answer.status_code, answer.json()["code"]) == (422, "W4_ERR_IDEMPOTENCY_CONFLICT")
    assert await ledger.everything() == before
    assert await sample('web4_identity_lct_mint_rejected_total{reason="idempotency_conflict"}') == 3


async def test_a_refused_mint_does_not_use_up_its_key(
    client: httpx.AsyncClient, order: Order, founder: Key, new_key: NewKey
) -> None:
    device = order()
    assert (await client.post(MINT, json=device)).status_code == 201
    assert (await post(client, device)).status_code == 409
    assert (await post(client, order())).status_code == 201


async def test_a_key_belongs_to_its_payer(client: httpx.AsyncClient, order: Order, new_key: NewKey) -> None:
    other = new_key()
    assert (await post(client, order(public_key=other.public_key))).status_code == 201
    answer = await post(client, order(caller_lct_id=other.lct_id), auth=PayerAuth(other.private))
    assert (answer.status_code, answer.json()["atp_cost"]) == (201, 150)


async def test_concurrent_duplicates_are_charged_once(start: Start, order: Order, founder: Key, ledger: Ledger) -> None:
    body = order()
    async with start() as one, start() as two:
        answers = await asyncio.gather(*(post(client, body) for client in (one, two) * 6))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    state = await ledger.everything()
    balances = {row["lct_id"]: row["balance"] for row in state["accounts"]}
    assert balances[founder.lct_id] == 10**9 - 100
    assert (len(state["lcts"]), state["societies"][0]["lct_count"], len(state["idempotency"])) == (2, 1, 1)
    assert await ledger.violations() == []


async def test_two_societies_cannot_both_answer_one_key(
    client: httpx.AsyncClient, order: Order, database: Database, founder: Key, new_key: NewKey, ledger: Ledger
) -> None:
    await found_society(database, name="second", founder_public_key=new_key().public_key, grant=1, pool_funds=10**6)
    answers = await asyncio.gather(post(client, order()), post(client, order(society="second")))
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert len((await ledger.everything())["idempotency"]) == 1
    assert await ledger.violations() == []


async def test_a_key_that_a_rival_takes_at_the_same_moment_is_a_conflict(
    client: httpx.AsyncClient, order: Order, database: Database, founder: Key, ledger: Ledger
) -> None:
    async with database.transaction() as rival:
        # Not committed yet, so the mint's own look cannot see it: only the unique index can.
        row = {"payer": founder.lct_id, "key": "order-1", "request_sha256": bytes(32), "answer": {}}
        await rival.execute(insert(idempotency).values(row))
        waiting = asyncio.create_task(post(client, order()))
        await asyncio.sleep(0.5)
        assert not waiting.done()
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (422, "W4_ERR_IDEMPOTENCY_CONFLICT")
    assert len((await ledger.everything())["lcts"]) == 1
    assert await ledger.violations() == []


@pytest.mark.parametrize(
    "keys", [[], [b""], [b"x" * 129], [b"with space"], [b"tab\tbed"], [b"\xc3\xbc"], [b"one", b"two"]]
)
async def test_a_missing_or_malformed_key_is_400(
    client: httpx.AsyncClient, order: Order, founder: Key, ledger: Ledger, sample: Sample, keys: list[bytes]
) -> None:
    before = await ledger.everything()
    signed = client.build_request("POST", MINT, json=order())
    next(PayerAuth(founder.private).sync_auth_flow(signed))
    headers = [(name, value) for name, value in signed.headers.raw if name.lower() != b"idempotency-key"]
    headers += [(b"Idempotency-Key", key) for key in keys]
    answer = await client.request("POST", MINT, content=signed.content, headers=headers, auth=None)
    assert (answer.status_code, answer.json()["code"]) == (400, "W4_ERR_IDEMPOTENCY_KEY")
    assert await ledger.everything() == before
    assert await sample('web4_identity_lct_mint_rejected_total{reason="idempotency_key"}') == 1


async def test_the_longest_key_is_accepted(client: httpx.AsyncClient, order: Order) -> None:
    assert (await post(client, order(), {"Idempotency-Key": "~" * 128})).status_code == 201
