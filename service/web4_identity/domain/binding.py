"""The binding of an LCT: that the entity which holds the key agreed to be bound to it.

Source: Web4 LCT specification, binding. The proof is a COSE_Sign1 (RFC 9052, alg -8 EdDSA) made with the entity's own
key over the deterministic CBOR (RFC 8949, section 4.2) of the binding without its proof.
"""

import base64
import binascii
import re
from datetime import UTC, datetime

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError

from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import from_multikey, raw_public_key, to_multikey

PREFIX = "cose:"
_SIGN1_TAG = 18
# alg EdDSA and nothing else: a header nobody expects is refused rather than passed over.
_PROTECTED = {1: -8}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class BindingRefused(ValueError):
    """The proof does not show what it must. The message says why and quotes nothing of it."""


def unproved_binding(entity_type: EntityType, public_key: str, created_at: str) -> dict[str, str]:
    """The binding without its proof: what the entity signs. `public_key` is z6Mk..., `created_at` RFC 3339 UTC."""
    return {"entity_type": entity_type.value, "public_key": public_key, "created_at": created_at}


def prove_binding(key: Ed25519PrivateKey, entity_type: EntityType, created_at: datetime | None = None) -> str:
    """Make the proof with the entity's own key; `created_at` is an aware time, by default now."""
    moment = (created_at or datetime.now(UTC)).astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    payload = _encode(unproved_binding(entity_type, to_multikey(raw_public_key(key)), moment))
    signed = COSE.new().encode_and_sign(payload, COSEKey.new(_cose_key(key)), protected=_PROTECTED)
    return PREFIX + base64.urlsafe_b64encode(signed).decode("ascii").rstrip("=")


def read_proof(proof: str, entity_type: EntityType, public_key: str) -> str:
    """Check the proof for this type and key (z6Mk...), and give the created_at that the entity signed.

    Whether that time is acceptable is for the caller to judge. Raises BindingRefused.
    """
    payload = _verified_payload(_decode_text(proof), public_key)
    claimed = _decode_cbor(payload)
    created_at = claimed.get("created_at") if isinstance(claimed, dict) else None
    if not isinstance(created_at, str) or not _TIMESTAMP.fullmatch(created_at):
        raise BindingRefused("created_at must be an RFC 3339 time in UTC, such as 2026-01-31T12:00:00Z")
    try:
        datetime.fromisoformat(created_at)
    except ValueError:
        raise BindingRefused("created_at is no time of the calendar") from None
    # Comparing bytes leaves no room for other members, other types or another encoding of the same.
    if payload != _encode(unproved_binding(entity_type, public_key, created_at)):
        raise BindingRefused("what is signed is not the deterministic CBOR of this entity_type and public_key")
    return created_at


def _decode_text(proof: str) -> bytes:
    body = proof.removeprefix(PREFIX)
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        data = b""
    # Written back, so that one proof has one spelling.
    if body == proof or not data or base64.urlsafe_b64encode(data).decode("ascii").rstrip("=") != body:
        raise BindingRefused(f"a proof is {PREFIX} and unpadded base64url")
    return data


def _verified_payload(data: bytes, public_key: str) -> bytes:
    message = _decode_cbor(data)
    if not isinstance(message, cbor2.CBORTag) or message.tag != _SIGN1_TAG or not _is_sign1(message.value):
        raise BindingRefused("the proof is not a tagged COSE_Sign1 with its payload")
    protected, unprotected, payload, _ = message.value
    # What is not signed could be changed on the way, so there is none of it.
    if protected != cbor2.dumps(_PROTECTED) or unprotected or _encode(message) != data:
        raise BindingRefused("the proof's headers must be alg -8 alone, in deterministic CBOR")
    key = COSEKey.new(_cose_key(Ed25519PublicKey.from_public_bytes(from_multikey(public_key))))
    try:
        COSE.new().decode(message, key)
    except (CWTError, ValueError):
        raise BindingRefused("the signature is not that of public_key") from None
    return payload


def _decode_cbor(data: bytes) -> object:
    try:
        return cbor2.loads(data)
    except Exception:
        # Not CBORError alone: a tag around a value of the wrong type raises whatever its Python type does.
        raise BindingRefused("a proof is CBOR around CBOR") from None


def _is_sign1(value: object) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [bytes, dict, bytes, bytes]


def _encode(value: object) -> bytes:
    # The keys are short texts, for which cbor2's canonical order is that of RFC 8949's deterministic encoding.
    return cbor2.dumps(value, canonical=True)


def _cose_key(key: Ed25519PrivateKey | Ed25519PublicKey) -> dict[int, int | bytes]:
    """The key as a COSE_Key: kty OKP, crv Ed25519 (RFC 9053, section 7.2)."""
    if isinstance(key, Ed25519PublicKey):
        return {1: 1, -1: 6, -2: key.public_bytes_raw()}
    return {1: 1, -1: 6, -2: key.public_key().public_bytes_raw(), -4: key.private_bytes_raw()}
