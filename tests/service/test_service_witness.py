"""Witnesses: who counts, what they must have signed, and what a birth with them leaves behind."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fixture_types import Body, Ledger, NewKey, Order, Problem, Testimonies
from mint_parts import Key
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.domain.attestation import POLICY, ROLE
from web4_identity.domain.cose import read_statement, sign_statement, timestamp

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

MINT = "/v1/lct/mint"
KINDS = [("human", 3), ("organization", 3), ("ai", 1)]


@pytest.fixture
async def members(client: httpx.AsyncClient, order: Order, new_key: NewKey, founder: Key) -> list[Key]:
    """Three keys of the society's: the founder and two devices."""
    keys = [founder, new_key(), new_key()]
    for key in keys[1:]:
        assert (await client.post(MINT, json=order(public_key=key.public_key))).status_code == 201
    return keys


async def test_three_witnesses_make_a_birth_certificate(
    client: httpx.AsyncClient, order: Order, founder: Key, members: list[Key]
) -> None:
    body = order(entity_type="human", witnesses=members, parent_org="acme", metadata={"n": [1, 2.5, None, "ü"]})
    answer = await client.post(MINT, json=body)
    assert answer.status_code == 201, answer.text
    certificate = answer.json()["data"]["birth_certificate"]
    born = certificate.pop("birth_timestamp")
    assert datetime.fromisoformat(born) == datetime.fromisoformat(answer.json()["data"]["created_at"])
    assert certificate == {
        "issuing_society": founder.lct_id,
        "citizen_role": "lct:web4:role:citizen:human",
        "birth_context": "platform",
        "birth_witnesses": [key.lct_id for key in members],
    }
    document = (await client.get(f"/v1/lct/{answer.json()['data']['lct_id']}")).json()
    assert document["birth_certificate"] == {**certificate, "birth_timestamp": born}
    by_witness = {each.lct_id: each for each in members}
    given = {each["lct_id"]: each["attestation"] for each in body["witnesses"]}
    assert {each["witness"]: each["sig"] for each in document["attestations"]} == given
    for each in document["attestations"]:
        signed = read_statement(each["sig"], by_witness[each["witness"]].public_key)
        assert (signed["ts"], signed["subject"], each["type"]) == (each["ts"], document["lct_id"], "existence")
    assert [each["lct_id"] for each in document["mrh"]["witnessing"]] == sorted(given)


async def test_fewer_witnesses_make_no_birth_certificate(
    client: httpx.AsyncClient, order: Order, members: list[Key]
) -> None:
    answer = await client.post(MINT, json=order(entity_type="ai", witnesses=members[:2]))
    assert (answer.status_code, answer.json()["data"]["birth_certificate"]) == (201, None)
    document = (await client.get(f"/v1/lct/{answer.json()['data']['lct_id']}")).json()
    assert "birth_certificate" not in document and len(document["attestations"]) == 2


@pytest.mark.parametrize(("kind", "quorum"), KINDS)
async def test_below_quorum_is_refused(
    unwitnessed: Problem, order: Order, members: list[Key], new_key: NewKey, kind: str, quorum: int
) -> None:
    problem = await unwitnessed(order(entity_type=kind, witnesses=members[: quorum - 1]), "QUORUM")
    assert (problem["required"], problem["valid"], problem["refused"]) == (quorum, quorum - 1, [])
    strangers = [new_key() for _ in range(4)]
    problem = await unwitnessed(order(entity_type=kind, witnesses=[*members[: quorum - 1], *strangers]), "QUORUM")
    assert problem["valid"] == quorum - 1
    assert [each["witness"] for each in problem["refused"]] == [key.lct_id for key in strangers]


async def test_a_witness_counts_once(client: httpx.AsyncClient, order: Order, founder: Key, ledger: Ledger) -> None:
    before = await ledger.everything()
    answer = await client.post(MINT, json=order(entity_type="human", witnesses=[founder] * 3))
    assert (answer.status_code, answer.json()["code"]) == (422, "W4_ERR_VALIDATION")
    assert await ledger.everything() == before


async def test_a_witness_of_another_society_is_refused(
    unwitnessed: Problem, order: Order, members: list[Key], new_key: NewKey, database: Database
) -> None:
    other = new_key()
    await found_society(database, name="second", founder_public_key=other.public_key, grant=1)
    await unwitnessed(order(entity_type="device", witnesses=[other]), "UNKNOWN")
    problem = await unwitnessed(order(entity_type="human", witnesses=[*members[:2], other]), "QUORUM")
    assert [each["code"] for each in problem["refused"]] == ["W4_ERR_WITNESS_UNKNOWN"]


@pytest.mark.parametrize(
    "change",
    [
        {"entity_identifier": "another"},
        {"entity_type": "device"},
        {"society": "second"},
        {"caller_lct_id": "lct:web4:another"},
        {"parent_org": "another"},
        {"metadata": {"x": 1}},
        {"public_key": None},
    ],
)
async def test_an_attestation_is_for_one_mint(
    unwitnessed: Problem, order: Order, founder: Key, new_key: NewKey, testimonies: Testimonies, change: dict[str, Any]
) -> None:
    body = order(entity_type="ai", witnesses=[founder])
    other = {**body, **change}
    if other["public_key"] is None:
        other["public_key"] = new_key().public_key
    body["witnesses"] = testimonies(other, [founder])
    problem = await unwitnessed(body, "QUORUM")
    assert problem["refused"][0]["detail"] == "the attestation is not about this mint"


async def test_one_bad_attestation_beyond_the_quorum_refuses_the_mint(
    unwitnessed: Problem, order: Order, members: list[Key]
) -> None:
    body = order(entity_type="ai", witnesses=members)
    body["witnesses"][2]["attestation"] = body["witnesses"][1]["attestation"]
    problem = await unwitnessed(body, "ATTESTATION")
    assert problem["refused"][0]["witness"] == members[2].lct_id


@pytest.mark.parametrize("seconds", [-310, 310])
async def test_an_attestation_of_another_time_is_refused(
    unwitnessed: Problem, order: Order, founder: Key, testimonies: Testimonies, seconds: int
) -> None:
    body = order()
    body["witnesses"] = testimonies(body, [founder], now=datetime.now(UTC) + timedelta(seconds=seconds))
    assert "not fresh" in (await unwitnessed(body, "ATTESTATION"))["detail"]


@pytest.mark.parametrize("seconds", [-280, 280])
async def test_an_attestation_within_its_time_is_accepted(
    client: httpx.AsyncClient, order: Order, founder: Key, testimonies: Testimonies, seconds: int
) -> None:
    body = order()
    body["witnesses"] = testimonies(body, [founder], now=datetime.now(UTC) + timedelta(seconds=seconds))
    assert (await client.post(MINT, json=body)).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"role": "audit"},
        {"policy": "another"},
        {"subject": "lct:web4:another"},
        {"event_hash": bytes(32)},
        {"event_hash": None},
        {"nonce": b"n" * 15},
        {"nonce": b"n" * 65},
        {"nonce": "n" * 16},
        {"ts": "now"},
        {"ts": None},
        {"extra": "x"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_an_attestation_has_exactly_its_members(
    unwitnessed: Problem,
    client: httpx.AsyncClient,
    order: Order,
    founder: Key,
    testimonies: Testimonies,
    change: dict[str, Any],
) -> None:
    body = order(witnesses=[founder])
    signed = read_statement(body["witnesses"][0]["attestation"], founder.public_key)
    assert (signed["role"], signed["policy"]) == (ROLE, POLICY)
    changed = {name: value for name, value in {**signed, **change}.items() if value is not None}
    spoiled = [{"lct_id": founder.lct_id, "attestation": sign_statement(founder.private, changed)}]
    await unwitnessed({**body, "witnesses": spoiled}, "ATTESTATION")
    assert (await client.post(MINT, json=body)).status_code == 201, "the same without the change is accepted"


async def test_a_witness_uses_a_nonce_once(
    unwitnessed: Problem, client: httpx.AsyncClient, order: Order, members: list[Key], testimonies: Testimonies
) -> None:
    def with_nonce(key: Key) -> Body:
        body = order()
        return {**body, "witnesses": testimonies(body, [key], nonce=b"n" * 16)}

    unpaid = with_nonce(members[0])
    await unwitnessed({**unpaid, "witnesses": [{**unpaid["witnesses"][0], "lct_id": members[1].lct_id}]}, "ATTESTATION")
    assert (await client.post(MINT, json=unpaid)).status_code == 201, "a refused mint uses no nonce"
    problem = await unwitnessed(with_nonce(members[0]), "ATTESTATION")
    assert "nonce" in problem["detail"]
    assert (await client.post(MINT, json=with_nonce(members[1]))).status_code == 201


async def test_a_nonce_used_by_two_mints_at_once_counts_for_one(
    client: httpx.AsyncClient, order: Order, founder: Key, testimonies: Testimonies, ledger: Ledger
) -> None:
    bodies = [order() for _ in range(6)]
    for body in bodies:
        body["witnesses"] = testimonies(body, [founder], nonce=b"n" * 16)
    answers = await asyncio.gather(*(client.post(MINT, json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert await ledger.violations() == []


async def test_a_repeated_witnessed_mint_gets_the_first_answer(
    client: httpx.AsyncClient, order: Order, members: list[Key]
) -> None:
    body, key = order(entity_type="human", witnesses=members), {"Idempotency-Key": "birth"}
    first = await client.post(MINT, json=body, headers=key)
    again = await client.post(MINT, json=body, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)


def test_a_time_is_signed_as_text_in_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", timestamp(datetime.now(UTC).replace(microsecond=5)))
