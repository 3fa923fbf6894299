"""Requests, made before the clock runs, so that no client's cryptography competes with the service's."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import httpx
from mint_parts import Key, new_key, proof_of
from web4_identity.signature import PayerAuth

GOOD_FOR_SECONDS = 50
"""How long a prepared request is valid: the client's 30 s and the service's skew of 30 s, less the preparation."""


def society(number: int) -> str:
    """The name of society `number`."""
    return f"bench-{number}"


def founder(number: int) -> Key:
    """The key of the founder of society `number`, the same in every process."""
    return new_key(seed=number.to_bytes(32, "big"))


def wire(request: httpx.Request) -> bytes:
    """An httpx request as the bytes that are sent for it."""
    head = b"".join(b"%s: %s\r\n" % header for header in request.headers.raw)
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (request.method.encode(), request.url.raw_path, head, request.content)


def signed(authority: str, societies: int, count: int) -> list[bytes]:
    """`count` requests as bytes on the wire, for each of so many `societies` in turn."""
    workers = os.cpu_count() or 1
    share = -(-count // workers)
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(_signed, *zip(*[(authority, societies, share)] * workers, strict=True)))
    return [request for turn in zip(*parts, strict=True) for request in turn][:count]


def reads(authority: str, societies: int, count: int) -> list[bytes]:
    """`count` requests as bytes on the wire for the documents of the founders of so many `societies`, in turn."""
    paths = [f"/v1/lct/{founder(number).lct_id}" for number in range(societies)]
    each = [wire(httpx.Request("GET", f"http://{authority}{path}")) for path in paths]
    return [each[number % societies] for number in range(count)]


def _signed(authority: str, societies: int, count: int) -> list[bytes]:
    payers = [founder(number) for number in range(societies)]
    proofs = [PayerAuth(payer.private) for payer in payers]
    return [_request(authority, number % societies, payers, proofs) for number in range(count)]


def _request(authority: str, number: int, payers: Sequence[Key], proofs: Sequence[PayerAuth]) -> bytes:
    key = new_key()
    body = {
        "caller_lct_id": payers[number].lct_id,
        "entity_type": "device",
        "entity_identifier": f"device-{key.lct_id[-20:]}",
        "society": society(number),
        "public_key": key.public_key,
    }
    body["binding_proof"] = proof_of(body)
    request = httpx.Request("POST", f"http://{authority}/v1/lct/mint", json=body)
    return wire(next(proofs[number].sync_auth_flow(request)))
