"""Signed statements: a COSE_Sign1 (RFC 9052, alg -8 EdDSA) around the deterministic CBOR (RFC 8949, 4.2) of a map.

Written as `cose:` and unpadded base64url. One statement has one spelling: every other encoding of it is refused.
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError

from web4_identity.domain.keys import from_multikey

PREFIX = "cose:"
_SIGN1_TAG = 18
# alg EdDSA and nothing else: a header nobody expects is refused rather than passed over.
_PROTECTED = {1: -8}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class StatementRefused(ValueError):
    """The statement does not show what it must. The message says why and quotes nothing of it."""


def sign_statement(key: Ed25519PrivateKey, statement: dict[str, Any]) -> str:
    """Sign a map of texts and bytes."""
    signed = COSE.new().encode_and_sign(encode(statement), COSEKey.new(_cose_key(key)), protected=_PROTECTED)
    return PREFIX + base64.urlsafe_b64encode(signed).decode("ascii").rstrip("=")


def read_statement(text: str, public_key: str) -> dict[str, Any]:
    """Verify that the key `public_key` (z6Mk...) signed the statement, and give it.

    What it says is for the caller to judge. Raises StatementRefused.
    """
    payload = _verified_payload(_decode_text(text), public_key)
    statement = _decode_cbor(payload)
    # Checked before encoding: only texts and bytes are certain to be written back as they were read.
    if not isinstance(statement, dict) or not all(
        type(part) in (str, bytes) for pair in statement.items() for part in pair
    ):
        raise StatementRefused("what is signed is not a map of texts and bytes")
    if encode(statement) != payload:
        raise StatementRefused("what is signed is not in deterministic CBOR")
    return statement


def encode(value: object) -> bytes:
    """Deterministic CBOR. For short text keys cbor2's canonical order is that of RFC 8949."""
    return cbor2.dumps(value, canonical=True)


def timestamp(moment: datetime) -> str:
    """An aware time as RFC 3339 text in UTC, ending in Z."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def read_timestamp(text: object) -> datetime:
    """Read what timestamp() writes. Raises StatementRefused."""
    if isinstance(text, str) and _TIMESTAMP.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise StatementRefused("a time must be RFC 3339 in UTC, such as 2026-01-31T12:00:00Z")


def _decode_text(text: str) -> bytes:
    body = text.removeprefix(PREFIX)
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if body == text or not data or base64.urlsafe_b64encode(data).decode("ascii").rstrip("=") != body:
        raise StatementRefused(f"a signed statement is {PREFIX} and unpadded base64url")
    return data


def _verified_payload(data: bytes, public_key: str) -> bytes:
    message = _decode_cbor(data)
    payload: bytes
    if not isinstance(message, cbor2.CBORTag) or message.tag != _SIGN1_TAG or not _is_sign1(message.value):
        raise StatementRefused("not a tagged COSE_Sign1 with its payload")
    protected, unprotected, payload, _ = message.value
    # What is not signed could be changed on the way, so there is none of it.
    if protected != cbor2.dumps(_PROTECTED) or unprotected or encode(message) != data:
        raise StatementRefused("the headers must be alg -8 alone, in deterministic CBOR")
    key = COSEKey.new(_cose_key(Ed25519PublicKey.from_public_bytes(from_multikey(public_key))))
    try:
        COSE.new().decode(message, key)
    except (CWTError, ValueError):
        raise StatementRefused("the signature is not that of the key") from None
    return payload


def _decode_cbor(data: bytes) -> object:
    try:
        return cbor2.loads(data)
    except Exception:
        # Not CBORError alone: a tag around a value of the wrong type raises whatever its Python type does.
        raise StatementRefused("a signed statement is CBOR around CBOR") from None


def _is_sign1(value: object) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [bytes, dict, bytes, bytes]


def _cose_key(key: Ed25519PrivateKey | Ed25519PublicKey) -> dict[int, int | bytes]:
    """The key as a COSE_Key: kty OKP, crv Ed25519 (RFC 9053, section 7.2)."""
    if isinstance(key, Ed25519PublicKey):
        return {1: 1, -1: 6, -2: key.public_bytes_raw()}
    return {1: 1, -1: 6, -2: key.public_key().public_bytes_raw(), -4: key.private_bytes_raw()}
