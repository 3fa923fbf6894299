"""The payer's proof: what is accepted, and every way in which it is unproved without changing anything."""

import base64
import hashlib
import json
import time
from collections.abc import Generator
from typing import Any

import httpx
import pytest
from crafted import COVERED, Crafted, replaced, without
from fixture_types import NewKey, Order, Problem, Start
from mint_parts import Key
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

MINT = "/v1/lct/mint"


async def test_a_signature_made_by_hand_after_the_rfc_is_accepted(
    client: httpx.AsyncClient, order: Order, founder: Key
) -> None:
    body = json.dumps(order()).encode()
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    now = int(time.time())
    names = " ".join(f'"{name}"' for name in COVERED)
    parameters = (
        f'({names});created={now};expires={now + 60};keyid="{founder.lct_id}";alg="ed25519";nonce="by-hand-0123456789"'
    )
    base = "\n".join(
        [
            '"@method": POST',
            '"@authority": service:8001',
            '"@path": /v1/lct/mint',
            f'"content-digest": {digest}',
            '"idempotency-key": order-1',
            f'"@signature-params": {parameters}',
        ]
    )
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": "order-1",
        "Content-Digest": digest,
        "Signature-Input": f"mine={parameters}",
        "Signature": f"mine=:{base64.b64encode(founder.private.sign(base.encode())).decode()}:",
    }
    answer = await client.request("POST", MINT, content=body, headers=headers, auth=None)
    assert answer.status_code == 201, answer.text


async def test_an_unsigned_mint_is_refused(unproved: Problem) -> None:
    await unproved(None, "SIGNATURE_MISSING")


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
async def test_half_a_signature_is_none(unproved: Problem, founder: Key, name: str) -> None:
    await unproved(Crafted(founder, change=without(name)), "SIGNATURE_MISSING")


async def test_an_unsigned_mint_is_refused_before_its_body_is_judged(unproved: Problem, order: Order) -> None:
    await unproved(None, "SIGNATURE_MISSING", body={**order(), "caller_lct_id": "bob", "extra": 1})


@pytest.mark.parametrize("name", COVERED)
async def test_a_signature_that_covers_too_little_is_refused(unproved: Problem, founder: Key, name: str) -> None:
    covered = [other for other in COVERED if other != name]
    problem = await unproved(Crafted(founder, covered=covered), "SIGNATURE_MALFORMED")
    assert problem["detail"].endswith(name)


async def test_a_part_of_a_component_is_not_the_component(unproved: Problem, founder: Key) -> None:
    covered = [*COVERED[:3], '"content-digest";key="sha-256"', COVERED[4]]
    await unproved(Crafted(founder, covered=covered), "SIGNATURE_MALFORMED")


@pytest.mark.parametrize(
    "crafted",
    [
        {"lifetime": 61},
        {"lifetime": 0},
        {"lifetime": -5},
        {"alg": False},
        {"nonce": "n" * 15},
        {"nonce": "n" * 129},
        {"nonce": "with space, long enough"},
        {"key_id": "k" * 257},
        {"change": replaced("Signature-Input", ";expires=", ";was=")},
        {"change": replaced("Signature-Input", ";created=", ";was=")},
        {"change": replaced("Signature-Input", ";created=", ";created=?1;was=")},
        {"change": replaced("Signature-Input", ";nonce=", ";was=")},
        {"change": replaced("Signature-Input", ";keyid=", ";was=")},
        {"change": replaced("Signature-Input", 'alg="ed25519"', 'alg="hmac-sha256"')},
        {"change": replaced("Signature-Input", "s=(", "s=((")},
        {"change": replaced("Signature-Input", "s=(", "t=1, s=(")},
        {"change": replaced("Signature-Input", "s=(", "s=1, t=(")},
        {"change": lambda request: request.headers.update({"Signature-Input": "s=1"})},
        {"change": lambda request: request.headers.update({"Signature-Input": ""})},
    ],
    ids=lambda crafted: next(iter(crafted)),
)
async def test_a_signature_of_another_form_is_malformed(
    unproved: Problem, founder: Key, crafted: dict[str, Any]
) -> None:
    await unproved(Crafted(founder, **crafted), "SIGNATURE_MALFORMED")


@pytest.mark.parametrize("crafted", [{"age": 36}, {"age": 10**6}, {"age": -10}, {"age": -(10**11)}])
async def test_a_signature_outside_its_time_is_refused(
    unproved: Problem, founder: Key, crafted: dict[str, Any]
) -> None:
    await unproved(Crafted(founder, **crafted), "SIGNATURE_EXPIRED")


async def test_the_allowed_skew_is_a_setting(start: Start, order: Order, founder: Key) -> None:
    async def status(skew: str, age: int) -> int:
        async with start(SIGNATURE_CLOCK_SKEW_SECONDS=skew) as client:
            return (await client.post(MINT, json=order(), auth=Crafted(founder, age=age))).status_code

    assert [await status("10", -7), await status("0", -7)] == [201, 401]
    assert [await status("10", 37), await status("0", 37)] == [201, 401]


async def test_a_forged_signature_is_invalid(unproved: Problem, founder: Key, new_key: NewKey) -> None:
    await unproved(Crafted(new_key(), key_id=founder.lct_id), "SIGNATURE_INVALID")


async def test_another_registered_payers_keyid_cannot_be_put_on_a_signature(
    client: httpx.AsyncClient, order: Order, unproved: Problem, founder: Key, new_key: NewKey
) -> None:
    other = new_key()
    assert (await client.post(MINT, json=order(public_key=other.public_key))).status_code == 201
    swap = replaced("Signature-Input", other.lct_id, founder.lct_id)
    await unproved(Crafted(other, change=swap), "SIGNATURE_INVALID")


async def test_a_key_that_is_not_registered_is_unknown(unproved: Problem, order: Order, new_key: NewKey) -> None:
    stranger = new_key()
    await unproved(Crafted(stranger), "SIGNATURE_KEY_UNKNOWN", body=order(caller_lct_id=stranger.lct_id))


async def test_the_signer_spends_only_its_own_atp(
    client: httpx.AsyncClient, order: Order, unproved: Problem, new_key: NewKey
) -> None:
    other = new_key()
    assert (await client.post(MINT, json=order(public_key=other.public_key))).status_code == 201
    await unproved(PayerAuth(other.private), "CALLER_MISMATCH", status=403)


async def test_a_minted_lct_can_pay(client: httpx.AsyncClient, order: Order, new_key: NewKey) -> None:
    other = new_key()
    assert (await client.post(MINT, json=order(public_key=other.public_key))).status_code == 201
    answer = await client.post(MINT, json=order(caller_lct_id=other.lct_id), auth=PayerAuth(other.private))
    assert (answer.status_code, answer.json()["caller_atp_remaining"]) == (201, 10_000 - 150)


@pytest.mark.parametrize(
    "crafted",
    [
        {"path": "/v1/lct/other"},
        {"path": "/v1/lct/MINT"},
        {"host": "elsewhere"},
        {"port": 8002},
        {"port": None},
        {"change": lambda request: request.headers.update({"Idempotency-Key": "another"})},
        {"change": replaced("Signature-Input", ";nonce=", ';tag="x";nonce=')},
        {"change": lambda request: request.headers.update({"Signature": f"s=:{'A' * 86}==:"})},
        {"change": lambda request: request.headers.update({"Signature": "s=:AAAA:"})},
        {"change": lambda request: request.headers.update({"Signature": "rubbish"})},
        {"change": replaced("Signature", "s=", "other=")},
    ],
)
async def test_what_was_not_signed_so_is_invalid(unproved: Problem, founder: Key, crafted: dict[str, Any]) -> None:
    await unproved(Crafted(founder, **crafted), "SIGNATURE_INVALID")


async def test_only_our_own_authorities_are_signed_for_when_they_are_set(
    start: Start, order: Order, founder: Key
) -> None:
    async def status(allowed: str, host: str | None = None) -> int:
        async with start(PUBLIC_AUTHORITIES=allowed) as client:
            # As a payer signed it for the other host, and someone passed it on here with that Host.
            elsewhere = [] if host is None else [("Host", host)]
            url: dict[str, Any] = {} if host is None else {"host": host.removesuffix(":443"), "port": None}
            auth = Crafted(founder, **url)
            return (await client.post(MINT, json=order(), auth=auth, headers=elsewhere)).status_code

    assert [await status("other.example, Service:8001"), await status("service")] == [201, 401]
    assert [await status("", "staging.example"), await status("service:8001", "staging.example")] == [201, 401]
    assert await status("staging.example", "Staging.Example:443") == 201


async def test_a_signature_for_another_method_is_invalid(unproved: Problem, founder: Key) -> None:
    class AsPut(Crafted):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
            request.method = "PUT"
            return super().auth_flow(request)

    def back(request: httpx.Request) -> None:
        request.method = "POST"

    await unproved(AsPut(founder, change=back), "SIGNATURE_INVALID")


def body_changed(request: httpx.Request, **headers: str) -> None:
    """Send other bytes of the same length than were signed."""
    spoiled = request.content.replace(b"sensor", b"tensor")
    assert spoiled != request.content
    request.stream = httpx.ByteStream(spoiled)
    request.headers.update(headers)


async def test_a_changed_body_is_noticed(unproved: Problem, founder: Key) -> None:
    await unproved(Crafted(founder, change=body_changed), "DIGEST_MISMATCH")


async def test_one_added_space_is_noticed(unproved: Problem, founder: Key) -> None:
    def change(request: httpx.Request) -> None:
        request.stream = httpx.ByteStream(request.content + b" ")
        request.headers["Content-Length"] = str(len(request.content) + 1)

    await unproved(Crafted(founder, change=change), "DIGEST_MISMATCH")


async def test_a_changed_body_with_a_digest_to_match_is_noticed(unproved: Problem, founder: Key) -> None:
    def change(request: httpx.Request) -> None:
        spoiled = request.content.replace(b"sensor", b"tensor")
        digest = base64.b64encode(hashlib.sha256(spoiled).digest()).decode()
        body_changed(request, **{"Content-Digest": f"sha-256=:{digest}:"})

    await unproved(Crafted(founder, change=change), "SIGNATURE_INVALID")


RIGHT = base64.b64encode(hashlib.sha256(b"other").digest()).decode()


@pytest.mark.parametrize(
    "digest",
    [f"sha-256=:{RIGHT}:", "sha-256=:AAAA:", "sha-256=x", "md5=:AAAA:", f"sha-256=:{RIGHT}:;x, sha-512=1", "{"],
)
async def test_a_wrong_digest_is_refused_though_signed(unproved: Problem, founder: Key, digest: str) -> None:
    await unproved(Crafted(founder, digest=digest), "DIGEST_MISMATCH")


async def test_a_missing_digest_is_refused(unproved: Problem, founder: Key) -> None:
    await unproved(Crafted(founder, change=without("Content-Digest")), "DIGEST_MISMATCH")
