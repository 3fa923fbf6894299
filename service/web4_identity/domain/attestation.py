"""What a witness signs about a birth: that it saw this mint, and no other.

Source: Web4 LCT specification, witness attestation: {role, ts, subject, event_hash, policy, nonce} as a COSE_Sign1,
fresh within 300 s, a nonce never used twice.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4_identity.domain.cose import (
    StatementRefused,
    encode,
    read_statement,
    read_timestamp,
    sign_statement,
    timestamp,
)
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import from_multikey, lct_id

ROLE = "existence"
"""The role of a witness to a birth."""

POLICY = "lct:web4:policy:birth"
"""The policy that a witness to a birth attests under."""

FRESH = timedelta(seconds=300)
"""How far an attestation's time may be from now."""

_NONCE_BYTES = range(16, 65)


@dataclass(frozen=True)
class Birth:
    """The mint that is witnessed: who pays, and all that is registered about whom."""

    caller_lct_id: str
    society: str
    entity_type: EntityType
    entity_identifier: str
    public_key: str
    parent_org: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The LCT id of who is born."""
        return lct_id(from_multikey(self.public_key))

    def event_hash(self) -> bytes:
        """SHA-256 of the birth's deterministic CBOR, 32 bytes."""
        return hashlib.sha256(encode({**asdict(self), "entity_type": self.entity_type.value})).digest()


@dataclass(frozen=True)
class Testimony:
    """An attestation as it is handed in: by which LCT, and what it signed."""

    lct_id: str
    attestation: str


@dataclass(frozen=True)
class Attestation:
    """A verified attestation: when it was made (as signed), and its nonce."""

    ts: str
    nonce: bytes


def attest(key: Ed25519PrivateKey, birth: Birth, *, now: datetime | None = None, nonce: bytes | None = None) -> str:
    """Attest `birth` with a witness's key; `now` is an aware time, `nonce` 16 to 64 bytes, random by default."""
    statement = _statement(birth, timestamp(now or datetime.now(UTC)), nonce or secrets.token_bytes(16))
    return sign_statement(key, statement)


def read_attestation(text: str, public_key: str, birth: Birth, now: datetime) -> Attestation:
    """Verify that the witness of `public_key` (z6Mk...) attests `birth`, fresh at the aware time `now`.

    Whether the nonce was used before is for the caller to judge. Raises StatementRefused.
    """
    signed = read_statement(text, public_key)
    ts, nonce = str(signed.get("ts")), signed.get("nonce")
    if abs(now - read_timestamp(ts)) > FRESH:
        raise StatementRefused(f"the attestation is not fresh: its time is more than {FRESH.seconds} s from now")
    if not isinstance(nonce, bytes) or len(nonce) not in _NONCE_BYTES:
        raise StatementRefused("the attestation's nonce must be 16 to 64 bytes")
    if signed != _statement(birth, ts, nonce):
        raise StatementRefused("the attestation is not about this mint")
    return Attestation(ts, nonce)


def _statement(birth: Birth, ts: str, nonce: bytes) -> dict[str, str | bytes]:
    return {
        "role": ROLE,
        "ts": ts,
        "subject": birth.subject,
        "event_hash": birth.event_hash(),
        "policy": POLICY,
        "nonce": nonce,
    }
