"""What operators may ask over HTTP: founding a society, and the standing of a witness."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from crafted import Crafted
from fixture_types import Body, Ledger, NewKey, Order, Problem, Start
from mint_parts import Key
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.pricing import MAX_ATP
from web4_identity.settings import ConfigError, load_settings
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

Ask = Callable[..., Awaitable[httpx.Response]]

FOUND = "/v1/societies"
MINT = "/v1/lct/mint"


@pytest.fixture
async def client(start: Start, founder: Key) -> AsyncIterator[httpx.AsyncClient]:
    """A service whose one operator is the founder, which signs unless told otherwise."""
    async with start(OPERATOR_LCT_IDS=f"lct:web4:other, {founder.lct_id}") as opened:
        yield opened


@pytest.fixture
def founding(new_key: NewKey) -> Order:
    """founding(key=..., field=value) is the body of a founding that would succeed, with these fields changed."""

    def make(key: Key | None = None, **changes: Any) -> Body:
        key = key or new_key()
        body = {
            "name": "hestia",
            "founder_public_key": key.public_key,
            "binding_proof": prove_binding(key.private, EntityType.ORGANIZATION),
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    return make


def standing_of(key: Key) -> str:
    return f"/v1/witnesses/{key.lct_id}/standing"


GOOD = {"talent": 0.9, "training": "0.8", "temperament": 1, "actions": 50, "since": "2025-01-31T00:00:00+01:00"}


async def test_an_operator_founds_a_society_that_mints(
    client: httpx.AsyncClient, founding: Order, founder: Key, new_key: NewKey, order: Order, ledger: Ledger
) -> None:
    key = new_key()
    body = founding(key, name="hestia / süd", founder_funds=1000, pool_funds=20_000)
    answer = await client.post(FOUND, json=body)
    assert answer.status_code == 201, answer.text
    society = answer.json()
    assert datetime.now(UTC) - datetime.fromisoformat(society.pop("created_at")) < timedelta(minutes=1)
    assert society == {
        "name": "hestia / süd",
        "founder": key.lct_id,
        "lct_count": 0,
        "next_mint_price": 100,
        "pool_balance": 20_000,
    }
    assert answer.headers["location"] == "/v1/societies/" + quote("hestia / süd", safe="")
    assert (await client.get(answer.headers["location"])).json() == answer.json()
    binding = (await client.get(f"/v1/lct/{key.lct_id}")).json()["binding"]
    assert binding["binding_proof"] == body["binding_proof"]
    entry = (await ledger.everything())["audit_entries"][-1]
    assert (entry["action"], entry["actor"], entry["subject"]) == ("found", founder.lct_id, key.lct_id)
    mint = order(society="hestia / süd", caller_lct_id=key.lct_id)
    minted = await client.post(MINT, json=mint, auth=PayerAuth(key.private))
    assert (minted.status_code, minted.json()["caller_atp_remaining"]) == (201, 900)
    metrics = (await client.get("/metrics")).text
    assert 'web4_identity_lct_minted_total{entity_type="human",society="hestia / süd"} 0.0' in metrics
    assert await ledger.violations() == []


async def test_funds_are_those_of_genesis_by_default(
    client: httpx.AsyncClient, founding: Order, new_key: NewKey
) -> None:
    key = new_key()
    society = (await client.post(FOUND, json=founding(key))).json()
    assert society["pool_balance"] == 10_000_000
    assert (await client.get(f"/v1/atp/{key.lct_id}")).json()["balance"] == 100_000


async def test_a_repeat_gets_the_first_answer_also_after_mints(
    start: Start,
    client: httpx.AsyncClient,
    founding: Order,
    founder: Key,
    new_key: NewKey,
    order: Order,
    ledger: Ledger,
) -> None:
    key, headers = new_key(), {"Idempotency-Key": "once"}
    body = founding(key)
    first = await client.post(FOUND, json=body, headers=headers)
    mint = order(society="hestia", caller_lct_id=key.lct_id)
    assert (await client.post(MINT, json=mint, auth=PayerAuth(key.private))).status_code == 201
    before = await ledger.everything()
    async with start(OPERATOR_LCT_IDS=founder.lct_id, ATP_MINT_BASE_COST="7") as other_replica:
        again = await other_replica.post(FOUND, json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert await ledger.everything() == before


async def test_foundings_at_once_are_one(client: httpx.AsyncClient, founding: Order, ledger: Ledger) -> None:
    body, headers = founding(), {"Idempotency-Key": "once"}
    same = await asyncio.gather(*(client.post(FOUND, json=body, headers=headers) for _ in range(5)))
    assert {(answer.status_code, answer.content) for answer in same} == {(201, same[0].content)}
    others = await asyncio.gather(*(client.post(FOUND, json=founding(name="vesta")) for _ in range(5)))
    assert sorted(answer.status_code for answer in others) == [201, 409, 409, 409, 409]
    assert len((await ledger.everything())["societies"]) == 3 and await ledger.violations() == []


async def test_a_taken_name_key_or_idempotency_key(
    client: httpx.AsyncClient, founding: Order, founder: Key, new_key: NewKey, order: Order, refused: Problem
) -> None:
    body = founding()
    assert (await client.post(FOUND, json=body, headers={"Idempotency-Key": "used"})).status_code == 201
    await refused(client.post(FOUND, json=founding()), 409, "SOCIETY_EXISTS")
    await refused(client.post(FOUND, json=body), 409, "SOCIETY_EXISTS")
    await refused(client.post(FOUND, json=founding(founder, name="vesta")), 409, "DUPLICATE")
    other = client.post(FOUND, json=founding(name="vesta"), headers={"Idempotency-Key": "used"})
    await refused(other, 422, "IDEMPOTENCY_CONFLICT")
    assert (await client.post(MINT, json=order(), headers={"Idempotency-Key": "mint"})).status_code == 201
    other = client.post(FOUND, json=founding(name="vesta"), headers={"Idempotency-Key": "mint"})
    await refused(other, 422, "IDEMPOTENCY_CONFLICT")


async def test_a_proof_is_the_founders_and_of_now(
    client: httpx.AsyncClient, founding: Order, founder: Key, new_key: NewKey, refused: Problem
) -> None:
    key = new_key()
    for proof in (
        prove_binding(founder.private, EntityType.ORGANIZATION),
        prove_binding(key.private, EntityType.HUMAN),
        prove_binding(key.private, EntityType.ORGANIZATION, datetime.now(UTC) - timedelta(seconds=310)),
    ):
        await refused(client.post(FOUND, json=founding(key, binding_proof=proof)), 422, "BINDING_PROOF")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 257}, "name"),
        ({"name": " x"}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"founder_public_key": "z6MkNo"}, "founder_public_key"),
        ({"binding_proof": None}, "binding_proof"),
        ({"binding_proof": "cose:" + "A" * 600}, "binding_proof"),
        ({"founder_funds": -1}, "founder_funds"),
        ({"founder_funds": True}, "founder_funds"),
        ({"pool_funds": "100"}, "pool_funds"),
        ({"pool_funds": MAX_ATP + 1}, "pool_funds"),
        ({"pool_funds": MAX_ATP}, "body"),
        ({"witnesses": []}, "witnesses"),
    ],
)
async def test_a_bad_founding_is_422_and_named(
    client: httpx.AsyncClient, founding: Order, refused: Problem, change: Body, field: str
) -> None:
    problem = await refused(client.post(FOUND, json=founding(**change)), 422, "VALIDATION")
    assert [each["field"] for each in problem["errors"]] == [field]


async def test_an_operator_sets_a_standing_exactly(client: httpx.AsyncClient, founder: Key, ledger: Ledger) -> None:
    answer = await client.put(standing_of(founder), json=GOOD)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "lct_id": founder.lct_id,
            "talent": "0.9",
            "training": "0.8",
            "temperament": "1",
            "actions": 50,
            "since": "2025-01-30T23:00:00Z",
        },
    )
    state = await ledger.everything()
    (row,) = state["standing"]
    assert [str(row[name]) for name in ("talent", "training", "temperament")] == ["0.9", "0.8", "1"]
    entry = state["audit_entries"][-1]
    assert (entry["action"], entry["actor"], entry["subject"]) == ("standing", founder.lct_id, founder.lct_id)
    assert entry["detail"]["talent"] == "0.9"
    document = (await client.get(f"/v1/lct/{founder.lct_id}")).json()
    assert document["t3_tensor"]["composite_score"] == 0.9
    lower = {**GOOD, "talent": "0.1234"}
    assert (await client.put(standing_of(founder), json=lower)).json()["talent"] == "0.1234"
    assert len((await ledger.everything())["standing"]) == 1


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('"talent": 1.00001', "talent"),
        ('"talent": -0.1', "talent"),
        # The nearest float is 0.5: read as one, this would pass as something that was not sent.
        ('"talent": 0.50000000000000000000001', "talent"),
        ('"talent": "1e0"', "talent"),
        ('"talent": " 0.5"', "talent"),
        ('"talent": true', "talent"),
        ('"talent": null', "talent"),
        ('"actions": -1', "actions"),
        ('"actions": 2147483649', "actions"),
        ('"actions": 1.5', "actions"),
        ('"since": "2025-01-31T00:00:00"', "since"),
        ('"since": "0001-01-01T00:00:00+14:00"', "since"),
        ('"since": "123456"', "since"),
        ('"since": 5', "since"),
        ('"reputation": 1', "reputation"),
    ],
)
async def test_a_bad_standing_is_422_and_named(
    client: httpx.AsyncClient, founder: Key, refused: Problem, text: str, field: str
) -> None:
    rest = json.dumps({name: value for name, value in GOOD.items() if name != field})
    body = f"{rest[:-1]}, {text}}}".encode()
    headers = {"Content-Type": "application/json"}
    problem = await refused(client.put(standing_of(founder), content=body, headers=headers), 422, "VALIDATION")
    assert [each["field"] for each in problem["errors"]] == [field]


async def test_a_standing_is_for_registered_lcts(client: httpx.AsyncClient, new_key: NewKey, refused: Problem) -> None:
    await refused(client.put(standing_of(new_key()), json=GOOD), 404, "LCT_NOT_FOUND")
    await refused(client.put("/v1/witnesses/nobody/standing", json=GOOD), 404, "LCT_NOT_FOUND")


@pytest.fixture(params=["found", "standing"])
def ask(request: pytest.FixtureRequest, client: httpx.AsyncClient, founding: Order, founder: Key) -> Ask:
    """ask(...) sends what only an operator may ask."""

    def send(by: httpx.AsyncClient = client, **how: Any) -> Awaitable[httpx.Response]:
        if request.param == "found":
            return by.post(FOUND, json=founding(), **how)
        return by.put(standing_of(founder), json=GOOD, **how)

    return send


async def test_only_operators_are_served(
    start: Start, client: httpx.AsyncClient, ask: Ask, founder: Key, new_key: NewKey, order: Order, refused: Problem
) -> None:
    device = new_key()
    assert (await client.post(MINT, json=order(public_key=device.public_key))).status_code == 201
    await refused(ask(auth=PayerAuth(device.private)), 403, "NOT_OPERATOR")
    await refused(ask(auth=None), 401, "SIGNATURE_MISSING")
    await refused(ask(auth=PayerAuth(new_key().private)), 401, "SIGNATURE_KEY_UNKNOWN")
    await refused(ask(auth=Crafted(device, key_id=founder.lct_id)), 401, "SIGNATURE_INVALID")
    async with start() as without_operators:
        await refused(ask(by=without_operators), 403, "NOT_OPERATOR")
    revocation = await client.post(f"/v1/lct/{founder.lct_id}/revoke", json={})
    assert revocation.status_code == 200
    await refused(ask(), 403, "LCT_REVOKED")


async def test_a_signature_is_used_once_and_counted(start: Start, ask: Ask, founder: Key, refused: Problem) -> None:
    once = Crafted(founder)
    assert (await ask(auth=once)).status_code in (200, 201)
    await refused(ask(auth=once), 401, "SIGNATURE_REPLAYED")
    async with start(OPERATOR_LCT_IDS=founder.lct_id, RATE_LIMIT_MAX_REQUESTS_PER_PAYER="1") as strict:
        assert (await ask(by=strict)).status_code in (200, 409)
        await refused(ask(by=strict), 429, "RATE_LIMITED")
        assert 'route="unmatched"' not in (await strict.get("/metrics")).text


@pytest.mark.parametrize("value", ["web4:x", "lct:web4:a b", ",".join(f"lct:web4:{n}" for n in range(101))])
def test_operators_are_lct_ids(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/d")
    with pytest.raises(ConfigError, match=r"^OPERATOR_LCT_IDS must be at most 100 comma-separated LCT ids"):
        load_settings(OPERATOR_LCT_IDS=value)
