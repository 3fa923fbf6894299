"""Binding proofs: vectors built by hand from the RFCs, and every proof that shows less than it must."""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import cbor2
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fixture_types import Body, Ledger, NewKey, Order, Sample, Start
from mint_parts import Key
from web4_identity.domain.binding import prove_binding, read_proof
from web4_identity.domain.cose import StatementRefused
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import raw_public_key, to_multikey

pytestmark = pytest.mark.unit

MINT = "/v1/lct/mint"
SEED_7 = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
KEY = to_multikey(raw_public_key(SEED_7))
WHEN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
# Text heads: 6a, 6b and 66 are texts of 10, 11 and 6 bytes, 74 one of 20, 7830 one of 48.
PAYLOAD = (
    b"\xa3"
    + (b"\x6acreated_at" + b"\x742026-01-31T12:00:00Z")
    + (b"\x6apublic_key" + b"\x78\x30" + KEY.encode())
    + (b"\x6bentity_type" + b"\x66device")
)


def sign1(
    payload: bytes = PAYLOAD,
    protected: bytes = b"\xa1\x01\x27",
    unprotected: bytes = b"\xa0",
    key: Ed25519PrivateKey = SEED_7,
    tag: bytes = b"\xd2",
    context: str = "Signature1",
) -> bytes:
    """A COSE_Sign1 byte by byte (RFC 9052, sections 4.2 and 4.4)."""
    head = bytes([0x58, len(payload)]) if 24 <= len(payload) < 256 else bytes([0x40 + len(payload)])
    name = context.encode()
    to_be_signed = (
        bytes([0x84, 0x60 + len(name)]) + name + bytes([0x40 + len(protected)]) + protected + b"\x40" + head + payload
    )
    signature = key.sign(to_be_signed)
    return (
        tag + bytes([0x84, 0x40 + len(protected)]) + protected + unprotected + head + payload + b"\x58\x40" + signature
    )


def text(data: bytes) -> str:
    return "cose:" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_the_proof_is_the_vector_made_by_hand() -> None:
    assert prove_binding(SEED_7, EntityType.DEVICE, WHEN) == text(sign1())


def test_the_vector_made_by_hand_is_accepted() -> None:
    assert read_proof(text(sign1()), EntityType.DEVICE, KEY) == "2026-01-31T12:00:00Z"


def test_the_payload_is_what_another_cbor_library_calls_canonical() -> None:
    members = {"entity_type": "device", "public_key": KEY, "created_at": "2026-01-31T12:00:00Z"}
    assert cbor2.dumps(members, canonical=True) == PAYLOAD


def test_a_time_of_another_zone_is_signed_in_utc() -> None:
    there = WHEN.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+05:30").tzinfo)
    assert prove_binding(SEED_7, EntityType.DEVICE, there) == text(sign1())


def changed(**members: object) -> bytes:
    whole = {"entity_type": "device", "public_key": KEY, "created_at": "2026-01-31T12:00:00Z", **members}
    return sign1(cbor2.dumps({name: value for name, value in whole.items() if value is not None}, canonical=True))


OTHER = Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32)
REORDERED = b"\xa3\x6bentity_type\x66device" + PAYLOAD[1 : -len(b"\x6bentity_type\x66device")]
assert cbor2.loads(REORDERED) == cbor2.loads(PAYLOAD) and REORDERED != PAYLOAD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\x00",
        b"\x81" * 350,
        b"\xd8\x23\x00",  # a regular expression that is a number
        sign1()[:-1],
        sign1() + b"\x00",
        sign1(tag=b""),
        sign1(tag=b"\xd1", context="MAC0"),
        sign1(tag=b"\xd8\x12"),
        sign1(key=OTHER),
        sign1(context="Signature2"),
        sign1(protected=b""),
        sign1(protected=b"\xa0"),
        sign1(protected=b"\xa1\x01\x26"),
        sign1(protected=b"\xa1\x01\x05"),
        sign1(protected=b"\xa2\x01\x27\x04\x41\x31"),
        sign1(unprotected=b"\xa1\x04\x41\x31"),
        sign1(REORDERED),
        sign1(b"\x00"),
        sign1(b"\xff"),
        sign1(b"\x80"),
        sign1(b"\xd8\x23\x00"),
        sign1(PAYLOAD + b"\x00"),
        b"\xd2\x84\x43\xa1\x01\x27\xa0\xf6\x58\x40" + bytes(64),
        b"\xd2\x84\x43\xa1\x01\x27\xa0\x41\x00\x40",
        b"\xd2\x84\x00\x00\x00\x00",
        changed(entity_type="human"),
        changed(public_key=to_multikey(raw_public_key(OTHER))),
        changed(created_at=None),
        changed(created_at=1769860800),
        changed(created_at="2026-01-31T12:00:00+00:00"),
        changed(created_at="2026-01-31 12:00:00Z"),
        changed(created_at="2026-02-30T12:00:00Z"),
        changed(created_at="٢026-01-31T12:00:00Z"),
        changed(extra="x"),
        changed(entity_type=None),
    ],
    ids=range(37),
)
def test_a_proof_that_shows_less_is_refused(data: bytes) -> None:
    with pytest.raises(StatementRefused):
        read_proof(text(data), EntityType.DEVICE, KEY)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda proof: proof.removeprefix("cose:"),
        lambda proof: proof + "=",
        lambda proof: proof + "A",
        lambda proof: proof[:-1] + chr(ord(proof[-1]) + 1),
        lambda proof: proof.replace("-", "+").replace("_", "/"),
        lambda proof: "cose:cose:" + proof.removeprefix("cose:"),
        lambda proof: proof + "\n",
    ],
)
def test_a_proof_has_one_spelling(spoil: Callable[[str], str]) -> None:
    proof = text(sign1())
    spoiled = spoil(proof)
    assert spoiled != proof
    with pytest.raises(StatementRefused):
        read_proof(spoiled, EntityType.DEVICE, KEY)


async def refused(client: httpx.AsyncClient, ledger: Ledger, sample: Sample, body: Body) -> None:
    before = await ledger.everything()
    answer = await client.post(MINT, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "W4_ERR_BINDING_PROOF")
    assert await ledger.everything() == before
    assert await sample('web4_identity_lct_mint_rejected_total{reason="binding_proof"}') == 1


async def test_nobody_is_bound_with_anothers_key(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, sample: Sample, new_key: NewKey, founder: Key
) -> None:
    await refused(client, ledger, sample, order(binding_proof=prove_binding(founder.private, EntityType.DEVICE)))


async def test_a_proof_is_for_one_entity_type(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, sample: Sample, new_key: NewKey
) -> None:
    key = new_key()
    proof = prove_binding(key.private, EntityType.AI)
    await refused(client, ledger, sample, order(public_key=key.public_key, binding_proof=proof))


async def test_a_mint_without_a_proof_is_invalid(client: httpx.AsyncClient, order: Order) -> None:
    answer = await client.post(MINT, json=order(binding_proof=None))
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "binding_proof"


@pytest.mark.parametrize("seconds", [-310, 310, -(10**8), 10**8])
async def test_a_proof_of_another_time_is_refused(
    client: httpx.AsyncClient, order: Order, ledger: Ledger, sample: Sample, new_key: NewKey, seconds: int
) -> None:
    key = new_key()
    proof = prove_binding(key.private, EntityType.DEVICE, datetime.now(UTC) + timedelta(seconds=seconds))
    await refused(client, ledger, sample, order(public_key=key.public_key, binding_proof=proof))


@pytest.mark.parametrize("seconds", [-280, 280])
async def test_a_clock_that_is_a_little_off_does_no_harm(
    client: httpx.AsyncClient, order: Order, new_key: NewKey, seconds: int
) -> None:
    key = new_key()
    proof = prove_binding(key.private, EntityType.DEVICE, datetime.now(UTC) + timedelta(seconds=seconds))
    assert (await client.post(MINT, json=order(public_key=key.public_key, binding_proof=proof))).status_code == 201


async def test_a_repeat_after_the_proofs_time_still_gets_the_first_answer(
    start: Start, order: Order, new_key: NewKey
) -> None:
    async with start(BINDING_CLOCK_SKEW_SECONDS="1") as client:
        body = order()
        first = await client.post(MINT, json=body, headers={"Idempotency-Key": "k"})
        await asyncio.sleep(1.2)
        again = await client.post(MINT, json=body, headers={"Idempotency-Key": "k"})
        assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
        assert (await client.post(MINT, json=body)).json()["code"] == "W4_ERR_BINDING_PROOF"
