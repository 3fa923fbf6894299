"""Revocation: by the entity's own signature, for good, and what a revoked LCT can no longer do."""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest
from crafted import Crafted
from fixture_types import Body, Ledger, NewKey, Order, Problem, Sample, Sql, Start
from mint_parts import Key
from sqlalchemy import text
from web4_identity.db.engine import Database
from web4_identity.signature import PayerAuth

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

Revoke = Callable[..., Coroutine[Any, Any, httpx.Response]]

MINT = "/v1/lct/mint"


@pytest.fixture
async def device(client: httpx.AsyncClient, order: Order, new_key: NewKey) -> Key:
    """A key whose LCT is minted."""
    key = new_key()
    assert (await client.post(MINT, json=order(public_key=key.public_key))).status_code == 201
    return key


@pytest.fixture
def revoke(client: httpx.AsyncClient) -> Revoke:
    """revoke(key, ...) sends the revocation of a key's LCT, signed with it."""

    async def send(
        key: Key,
        body: Body | None = None,
        idempotency_key: str | None = None,
        auth: httpx.Auth | None = None,
        by: httpx.AsyncClient = client,
    ) -> httpx.Response:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        path = f"/v1/lct/{key.lct_id}/revoke"
        return await by.post(path, json=body or {}, headers=headers, auth=auth or PayerAuth(key.private))

    return send


async def test_a_revocation_is_in_the_document_and_moves_no_atp(
    client: httpx.AsyncClient, device: Key, revoke: Revoke, ledger: Ledger
) -> None:
    path = f"/v1/lct/{device.lct_id}"
    first, before = await client.get(path), await ledger.everything()
    answer = await revoke(device, {"reason": "lost in the sea, ü"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    ts = body["revocation"].pop("ts")
    assert body == {
        "success": True,
        "lct_id": device.lct_id,
        "revocation": {"status": "revoked", "reason": "lost in the sea, ü"},
    }
    document = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert document.status_code == 200 and document.headers["etag"] != first.headers["etag"]
    revocation = document.json()["revocation"]
    assert datetime.fromisoformat(revocation.pop("ts")) == datetime.fromisoformat(ts)
    assert revocation == {"status": "revoked", "reason": "lost in the sea, ü"}
    assert document.json()["policy"]["capabilities"] == []
    after = await ledger.everything()
    assert [name for name in after if after[name] != before[name]] == ["lcts", "idempotency", "audit_entries"]
    assert await ledger.violations() == []
    rows = (await client.get("/v1/lct", params={"society": "commons"})).json()["data"]
    assert [row["status"] for row in rows] == ["active", "revoked"]


async def test_a_reason_is_not_needed(client: httpx.AsyncClient, device: Key, revoke: Revoke) -> None:
    assert (await revoke(device)).json()["revocation"]["reason"] is None
    revocation = (await client.get(f"/v1/lct/{device.lct_id}")).json()["revocation"]
    assert set(revocation) == {"status", "ts"}


async def test_a_revocation_and_its_repeat_are_logged_apart(
    device: Key, revoke: Revoke, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        await revoke(device, {"reason": "lost"}, "once")
    lines = [line for line in capfd.readouterr().out.splitlines() if "lct_revoked" in line]
    assert [re.findall(r" repeated=(\w+)", line) for line in lines] == [["False"], ["True"]]
    assert all(f"lct_id={device.lct_id}" in line and "reason=lost" in line for line in lines)


async def test_a_revoked_lct_cannot_pay(
    client: httpx.AsyncClient, device: Key, revoke: Revoke, order: Order, refused: Problem, sample: Sample
) -> None:
    body, auth = order(caller_lct_id=device.lct_id), PayerAuth(device.private)
    paid = await client.post(MINT, json=body, auth=auth, headers={"Idempotency-Key": "paid"})
    assert paid.status_code == 201
    assert (await revoke(device)).status_code == 200
    await refused(client.post(MINT, json=order(caller_lct_id=device.lct_id), auth=auth), 403, "LCT_REVOKED")
    # Nor does it get an old answer: its signature says nothing any more.
    again = client.post(MINT, json=body, auth=auth, headers={"Idempotency-Key": "paid"})
    await refused(again, 403, "LCT_REVOKED")
    assert await sample('web4_identity_lct_mint_rejected_total{reason="lct_revoked"}') == 2


async def test_a_forged_signature_of_a_revoked_lct_is_invalid(
    client: httpx.AsyncClient, device: Key, revoke: Revoke, order: Order, refused: Problem, new_key: NewKey
) -> None:
    assert (await revoke(device)).status_code == 200
    forged = client.post(MINT, json=order(), auth=Crafted(new_key(), key_id=device.lct_id))
    await refused(forged, 401, "SIGNATURE_INVALID")


async def test_a_revoked_lct_cannot_witness(
    client: httpx.AsyncClient, device: Key, revoke: Revoke, order: Order, refused: Problem, founder: Key, sample: Sample
) -> None:
    body = order(witnesses=[device])
    assert (await client.post(MINT, json=order(witnesses=[device]))).status_code == 201
    assert (await revoke(device)).status_code == 200
    problem = await refused(client.post(MINT, json=body), 409, "WITNESS_REVOKED")
    assert problem["refused"][0]["witness"] == device.lct_id
    below = await refused(client.post(MINT, json=order(entity_type="ai", witnesses=[device])), 409, "WITNESS_QUORUM")
    assert below["refused"][0]["code"] == "W4_ERR_WITNESS_REVOKED"
    assert await sample('web4_identity_lct_mint_rejected_total{reason="witness_revoked"}') == 1
    assert (await client.post(MINT, json=order(witnesses=[founder]))).status_code == 201


async def test_a_repeat_gets_the_first_answer_and_another_revocation_is_refused(
    start: Start, device: Key, revoke: Revoke, refused: Problem
) -> None:
    first = await revoke(device, {"reason": "lost"}, "once")
    async with start() as other_replica:
        again = await revoke(device, {"reason": "lost"}, "once", by=other_replica)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    await refused(revoke(device, {"reason": "lost"}, "twice"), 409, "LCT_ALREADY_REVOKED")
    await refused(revoke(device, {"reason": "other"}, "once"), 422, "IDEMPOTENCY_CONFLICT")


async def test_the_key_of_a_mint_is_not_free_for_a_revocation(
    client: httpx.AsyncClient, device: Key, revoke: Revoke, order: Order, refused: Problem
) -> None:
    body = order(caller_lct_id=device.lct_id)
    headers = {"Idempotency-Key": "used"}
    assert (await client.post(MINT, json=body, auth=PayerAuth(device.private), headers=headers)).status_code == 201
    await refused(revoke(device, idempotency_key="used"), 422, "IDEMPOTENCY_CONFLICT")


async def test_concurrent_revocations_are_one(device: Key, revoke: Revoke, ledger: Ledger) -> None:
    same = await asyncio.gather(*(revoke(device, {"reason": "lost"}, "once") for _ in range(5)))
    assert {(answer.status_code, answer.content) for answer in same} == {(200, same[0].content)}
    assert len((await ledger.everything())["idempotency"]) == 2


async def test_of_different_concurrent_revocations_one_wins(device: Key, revoke: Revoke) -> None:
    answers = await asyncio.gather(*(revoke(device, {"reason": f"r{n}"}) for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


@pytest.mark.backends("postgres")
@pytest.mark.parametrize("role", ["payer", "witness"])
async def test_a_mint_that_waits_sees_a_revocation_meanwhile(
    client: httpx.AsyncClient, database: Database, device: Key, revoke: Revoke, order: Order, founder: Key, role: str
) -> None:
    pays = role == "payer"
    body = order(caller_lct_id=device.lct_id) if pays else order(witnesses=[device])
    async with database.transaction() as holder:
        await holder.execute(text("SELECT 1 FROM societies FOR UPDATE"))
        waiting = asyncio.create_task(
            client.post(MINT, json=body, auth=PayerAuth((device if pays else founder).private))
        )
        await asyncio.sleep(0.5)
        assert (await revoke(device)).status_code == 200 and not waiting.done()
    problem = (await waiting).json()
    assert problem["code"] == ("W4_ERR_LCT_REVOKED" if pays else "W4_ERR_WITNESS_REVOKED")


@pytest.mark.backends("postgres")
@pytest.mark.parametrize("role", ["payer", "witness"])
async def test_a_revocation_waits_for_a_mint_under_way(
    client: httpx.AsyncClient, database: Database, device: Key, revoke: Revoke, order: Order, founder: Key, role: str
) -> None:
    pays = role == "payer"
    body = order(caller_lct_id=device.lct_id) if pays else order(witnesses=[device])
    async with database.transaction() as holder:
        # The mint has judged payer and witnesses and waits for the accounts.
        await holder.execute(text("SELECT 1 FROM accounts FOR UPDATE"))
        mint = asyncio.create_task(client.post(MINT, json=body, auth=PayerAuth((device if pays else founder).private)))
        await asyncio.sleep(0.5)
        revocation = asyncio.create_task(revoke(device))
        await asyncio.sleep(0.5)
        assert not mint.done() and not revocation.done()
    assert ((await mint).status_code, (await revocation).status_code) == (201, 200)


async def test_only_its_own_signature_revokes_an_lct(
    client: httpx.AsyncClient, device: Key, revoke: Revoke, founder: Key, new_key: NewKey, refused: Problem
) -> None:
    await refused(revoke(device, auth=PayerAuth(founder.private)), 403, "CALLER_MISMATCH")
    await refused(revoke(device, auth=Crafted(founder, key_id=device.lct_id)), 401, "SIGNATURE_INVALID")
    await refused(revoke(new_key()), 401, "SIGNATURE_KEY_UNKNOWN")
    path = f"/v1/lct/{device.lct_id}/revoke"
    await refused(client.request("POST", path, json={}, auth=None), 401, "SIGNATURE_MISSING")
    absent = client.post("/v1/lct/lct:web4:absent/revoke", json={}, auth=PayerAuth(device.private))
    await refused(absent, 403, "CALLER_MISMATCH")
    assert (await revoke(device)).status_code == 200, "none of these revoked it"


async def test_a_revocation_is_for_its_path_and_used_once(
    client: httpx.AsyncClient, device: Key, revoke: Revoke, refused: Problem
) -> None:
    await refused(revoke(device, auth=Crafted(device, path=MINT)), 401, "SIGNATURE_INVALID")
    once = Crafted(device)
    assert (await revoke(device, {}, "a", auth=once)).status_code == 200
    await refused(revoke(device, {}, "a", auth=once), 401, "SIGNATURE_REPLAYED")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 257}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"reason": "line\nbreak"}, "reason"),
        ({"reason": 7}, "reason"),
        ({"why": "x"}, "why"),
        ([1], "body"),
    ],
)
async def test_a_bad_body_is_422_and_named(
    device: Key, revoke: Revoke, refused: Problem, body: Any, field: str, sample: Sample
) -> None:
    problem = await refused(revoke(device, body), 422, "VALIDATION")
    assert [each["field"] for each in problem["errors"]] == [field]
    label = field if field in ("reason", "body") else "other"
    assert await sample(f'web4_identity_input_validation_rejected_total{{field="{label}"}}') == 1


async def test_the_longest_reason_is_accepted(device: Key, revoke: Revoke) -> None:
    assert (await revoke(device, {"reason": "x" * 256})).status_code == 200


async def test_the_database_itself_keeps_a_revocation(device: Key, revoke: Revoke, sql: Sql) -> None:
    assert (await revoke(device, {"reason": "lost"})).status_code == 200
    for change in (
        "revoked_at = NULL, revocation_reason = NULL",
        "revoked_at = '2020-01-01'",
        "revocation_reason = 'x'",
    ):
        with pytest.raises((asyncpg.RaiseError, sqlite3.IntegrityError), match="final"):
            await sql(f"UPDATE lcts SET {change} WHERE lct_id = '{device.lct_id}'")


async def test_a_revocation_counts_against_the_limits_and_is_described(
    start: Start, order: Order, new_key: NewKey, founder: Key
) -> None:
    async with start(RATE_LIMIT_MAX_REQUESTS_PER_PAYER="1", WEB4_TEST_MODE="true") as client:
        path = f"/v1/lct/{founder.lct_id}/revoke"
        assert [(await client.post(path, json={})).status_code for _ in range(2)] == [200, 429]
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert 'route="/v1/lct/{lct_id}/revoke"' in (await client.get("/metrics")).text
    answers = paths["/v1/lct/{lct_id}/revoke"]["post"]["responses"]
    assert set(answers) == {"200", "400", "401", "403", "408", "409", "413", "422", "429", "500", "503"}
    assert "W4_ERR_LCT_ALREADY_REVOKED" in answers["409"]["description"]
    assert "W4_ERR_LCT_REVOKED" in paths[MINT]["post"]["responses"]["403"]["description"]


@pytest.mark.backends("postgres")
async def test_without_redis_nothing_is_revoked(start: Start, founder: Key, ledger: Ledger) -> None:
    before = await ledger.everything()
    async with start(REDIS_PORT="1") as client:
        answer = await client.post(f"/v1/lct/{founder.lct_id}/revoke", json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "W4_ERR_UNAVAILABLE")
    assert await ledger.everything() == before
