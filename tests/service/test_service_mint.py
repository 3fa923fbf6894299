"""Mint and read through the API: what a success commits, and that a refusal changes nothing."""

import json
from datetime import datetime

import httpx
import pytest
from fixture_types import Body, Ledger, NewKey, Order, Sample, Sql, Start
from mint_parts import Key
from service_servers import PASSWORD
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.signature import PayerAuth

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

MINT = "/v1/lct/mint"


async def test_a_mint_answers_201_with_what_it_committed(
    client: httpx.AsyncClient, order: Order, founder: Key, new_key: NewKey, ledger: Ledger
) -> None:
    key = new_key()
    body = order(public_key=key.public_key, entity_identifier="lamp:1", parent_org="acme", metadata={"room": [1, "x"]})
    answer = await client.post(MINT, json=body)
    assert answer.status_code == 201
    got = answer.json()
    born = got["data"].pop("created_at")
    assert datetime.fromisoformat(born).tzinfo is not None
    assert got == {
        "success": True,
        "data": {
            "lct_id": key.lct_id,
            "entity_type": "device",
            "entity_identifier": "lamp:1",
            "society": "commons",
            "public_key": key.public_key,
            "birth_certificate": None,
        },
        "atp_cost": 100,
        "caller_atp_remaining": 10**9 - 100,
        "new_entity_atp_granted": 10_000,
    }
    state = await ledger.everything()
    (stored,) = [row for row in state["lcts"] if row["lct_id"] == key.lct_id]
    assert stored["created_at"] == datetime.fromisoformat(born)
    assert (stored["metadata"], stored["parent_org"]) == ({"room": [1, "x"]}, "acme")
    assert stored["binding_proof"] == body["binding_proof"]
    balances = {(row["kind"], row["lct_id"]): row["balance"] for row in state["accounts"]}
    assert balances == {
        ("issuance", None): -2 * 10**9,
        ("pool", None): 10**9 + 100 - 10_000,
        ("lct", founder.lct_id): 10**9 - 100,
        ("lct", key.lct_id): 10_000,
    }
    assert await ledger.violations() == []


async def test_prices_rise_exactly_per_society(client: httpx.AsyncClient, order: Order) -> None:
    prices = [(await client.post(MINT, json=order())).json()["atp_cost"] for _ in range(5)]
    assert prices == [100, 150, 225, 337, 506]


async def test_no_private_key_leaves_the_server(client: httpx.AsyncClient, order: Order) -> None:
    answer = await client.post(MINT, json=order())
    read = await client.get(f"/v1/lct/{answer.json()['data']['lct_id']}")
    for text in (answer.text, read.text):
        assert "private" not in text.lower() and "secret" not in text.lower()
    described = json.dumps(answer.json())
    assert described.count("key") == 1, "public_key is the only member about keys"


async def test_org_is_an_alias_of_organization(client: httpx.AsyncClient, order: Order, new_key: NewKey) -> None:
    keys = [new_key() for _ in range(3)]
    for key in keys:
        await client.post(MINT, json=order(public_key=key.public_key))
    answer = await client.post(MINT, json=order(entity_type="org", witnesses=keys))
    assert answer.json()["data"]["entity_type"] == "organization"


async def refused(client: httpx.AsyncClient, ledger: Ledger, body: Body, status: int, code: str) -> Body:
    before = await ledger.everything()
    answer = await client.post(MINT, json=body)
    problem: Body = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status and problem["title"] and problem["detail"]
    assert await ledger.everything() == before
    return problem


async def test_same_key_or_same_identifier_is_a_duplicate(
    client: httpx.AsyncClient, order: Order, ledger: Ledger
) -> None:
    first = order()
    assert (await client.post(MINT, json=first)).status_code == 201
    await refused(client, ledger, first, 409, "W4_ERR_DUPLICATE")
    await refused(client, ledger, order(public_key=first["public_key"]), 409, "W4_ERR_DUPLICATE")
    await refused(client, ledger, order(entity_identifier=first["entity_identifier"]), 409, "W4_ERR_DUPLICATE")


async def test_an_unregistered_society_is_refused(client: httpx.AsyncClient, order: Order, ledger: Ledger) -> None:
    await refused(client, ledger, order(society="nowhere"), 404, "W4_ERR_SOCIETY_NOT_FOUND")


async def test_a_mint_without_caller_is_never_free(client: httpx.AsyncClient, order: Order, ledger: Ledger) -> None:
    await refused(client, ledger, order(caller_lct_id=None), 422, "W4_ERR_VALIDATION")


async def test_insufficient_atp_is_402(start: Start, order: Order, ledger: Ledger) -> None:
    async with start(ATP_MINT_BASE_COST=str(10**9)) as client:
        rich = await client.post(MINT, json=order())
        assert rich.json()["caller_atp_remaining"] == 0
        problem = await refused(client, ledger, order(), 402, "W4_ERR_INSUFFICIENT_ATP")
    assert (problem["atp_cost"], problem["caller_atp_balance"]) == (15 * 10**8, 0)


async def test_the_fee_is_in_the_pool_before_the_grant_leaves_it(
    client: httpx.AsyncClient, database: Database, new_key: NewKey, order: Order, ledger: Ledger
) -> None:
    other = new_key()
    await found_society(database, name="small", founder_public_key=other.public_key, grant=10_000, pool_funds=9_900)
    body = order(society="small", caller_lct_id=other.lct_id)
    assert (await client.post(MINT, json=body, auth=PayerAuth(other.private))).status_code == 201
    assert (await client.get("/v1/societies/small")).json()["pool_balance"] == 0
    assert await ledger.violations() == []


async def test_a_pool_that_cannot_pay_the_grant_refuses(start: Start, order: Order, ledger: Ledger) -> None:
    async with start(INITIAL_ATP_GRANT=str(10**9), ATP_MINT_BASE_COST="1") as client:
        # The fee goes into the pool first, so the first grant of all it holds still fits.
        assert (await client.post(MINT, json=order())).status_code == 201
        await refused(client, ledger, order(), 409, "W4_ERR_POOL_EXHAUSTED")


async def test_a_price_above_the_limit_is_refused(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, sql: Sql
) -> None:
    for count in (80, 1740):
        await sql(f"UPDATE societies SET lct_count = {count}")
        await refused(client, ledger, order(), 409, "W4_ERR_PRICE_LIMIT")


LONG = "x" * 513
WITNESS = {"lct_id": "lct:web4:w", "attestation": "cose:x"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("caller_lct_id", "bob"),
        ("entity_type", "ghost"),
        ("entity_type", ["human"]),
        ("entity_identifier", ""),
        ("entity_identifier", "a b"),
        ("entity_identifier", "a'; DROP TABLE lcts; --"),
        ("entity_identifier", "a\n"),
        ("entity_identifier", LONG),
        ("society", ""),
        ("society", "nul\x00"),
        ("society", "x" * 257),
        ("public_key", "z6MkNo"),
        ("binding_proof", "0oRD"),
        ("binding_proof", "cose:a b"),
        ("binding_proof", "cose:" + "x" * 512),
        ("witnesses", [{**WITNESS, "lct_id": "lct:web4:x" + "y" * 256}]),
        ("witnesses", [{**WITNESS, "lct_id": f"lct:web4:w{n}"} for n in range(11)]),
        ("witnesses", [WITNESS, WITNESS]),
        ("witnesses", [{**WITNESS, "attestation": "cose:" + "x" * 640}]),
        ("witnesses", [{**WITNESS, "attestation": "0oRD"}]),
        ("witnesses", [{**WITNESS, "reputation": 1}]),
        ("witnesses", [{"lct_id": "lct:web4:w"}]),
        ("witnesses", ["lct:web4:x"]),
        ("witnesses", "lct:web4:x"),
        ("parent_org", "bell\x07"),
        ("metadata", {str(n): 0 for n in range(33)}),
        ("metadata", {"nul": {"deep": ["\x00"]}}),
        ("metadata", {"k": "v" * 4096}),
    ],
)
async def test_a_bad_field_is_422_and_named_and_counted(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, sample: Sample, field: str, value: object
) -> None:
    series = f'web4_identity_input_validation_rejected_total{{field="{field}"}}'
    problem = await refused(client, ledger, {**order(), field: value}, 422, "W4_ERR_VALIDATION")
    assert {error["field"].split(".")[0] for error in problem["errors"]} == {field}
    assert field in problem["detail"]
    assert await sample(series) == 1
    assert await sample('web4_identity_lct_mint_rejected_total{reason="validation"}') == 1


async def test_an_extra_field_is_refused_without_a_label_of_its_own(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, sample: Sample
) -> None:
    problem = await refused(client, ledger, {**order(), "is_admin": True}, 422, "W4_ERR_VALIDATION")
    assert problem["errors"][0]["field"] == "is_admin"
    assert await sample('web4_identity_input_validation_rejected_total{field="other"}') == 1
    assert "is_admin" not in (await client.get("/metrics")).text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b"null", 422),
        (b"\xc3(", 400),
        (b"[" * 9000, 400),
        (b'{"metadata": {"n": NaN}}', 422),
        (b'{"metadata": {"n": 1e999}}', 422),
        (b'{"metadata": {"s": "\\ud800"}}', 422),
        (b'{"entity_identifier": "\\ud800"}', 422),
        (b'{"society": "\\ud800", "x\\ud800": 1}', 422),
    ],
)
async def test_hostile_bodies_are_refused_as_problems(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    answer = await client.post(MINT, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_an_absent_lct_is_404(client: httpx.AsyncClient, new_key: NewKey) -> None:
    for name in (new_key().lct_id, "lct:web4:none", "rubbish", "nul%00", "lct:web4:" + "x" * 400):
        answer = await client.get(f"/v1/lct/{name}")
        assert (answer.status_code, answer.json()["code"]) == (404, "W4_ERR_LCT_NOT_FOUND")


async def test_metrics_count_mints_and_refusals(
    client: httpx.AsyncClient, order: Order, sample: Sample, new_key: NewKey
) -> None:
    assert await sample('web4_identity_lct_mint_rejected_total{reason="duplicate"}') == 0
    assert await sample('web4_identity_lct_minted_total{entity_type="device",society="commons"}') == 0
    body = order()
    await client.post(MINT, json=body)
    await client.post(MINT, json=body)
    await client.post(MINT, json=order(society="made-up"))
    assert await sample('web4_identity_lct_minted_total{entity_type="device",society="commons"}') == 1
    assert await sample('web4_identity_lct_mint_rejected_total{reason="duplicate"}') == 1
    assert await sample('web4_identity_lct_mint_rejected_total{reason="unknown_society"}') == 1
    assert await sample("web4_identity_lct_minting_cost_atp_sum") == 100
    text = (await client.get("/metrics")).text
    assert "made-up" not in text
    assert 'route="/v1/lct/mint",status_class="2xx"' in text and 'status_class="4xx"' in text
    assert PASSWORD not in text
