"""Payer's signatures (RFC 9421) written by hand, so that each part of one can be made wrong on purpose."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4_identity.domain.keys import lct_id, raw_public_key, to_multikey
from web4_identity.signature.rules import COVERED, IDEMPOTENCY_HEADER

MINT_PATH = "/v1/lct/mint"


@dataclass(frozen=True)
class Party:
    """Someone with a key of its own."""

    key: Ed25519PrivateKey
    public_key: str
    lct_id: str

    @classmethod
    def of(cls, key: Ed25519PrivateKey) -> "Party":
        """The party that holds `key`."""
        raw = raw_public_key(key)
        return cls(key, to_multikey(raw), lct_id(raw))

    @classmethod
    def new(cls) -> "Party":
        """A party whose key is known to nobody else."""
        return cls.of(Ed25519PrivateKey.generate())


@dataclass(frozen=True)
class Signing:
    """What differs from a good signature: `age` and `lifetime` are seconds, `path` and `digest` what is signed."""

    key_id: str | None = None
    age: int = 0
    lifetime: int = 30
    nonce: str | None = None
    covered: tuple[str, ...] = COVERED
    path: str = MINT_PATH
    method: str = "POST"
    authority: str | None = None
    digest: str | None = None
    alg: str = "ed25519"


def digest_of(body: bytes) -> str:
    """The Content-Digest of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signed_headers(party: Party, body: bytes, authority: str, idempotency_key: str, how: Signing) -> dict[str, str]:
    """The headers with which `party` asks `authority` for the mint of `body`."""
    digest = how.digest or digest_of(body)
    values = {
        "@method": how.method,
        "@authority": how.authority or authority,
        "@path": how.path,
        "content-digest": digest,
        "idempotency-key": idempotency_key,
    }
    created = int(time.time()) - how.age
    names = " ".join(f'"{name}"' for name in how.covered)
    parameters = (
        f'({names});created={created};expires={created + how.lifetime};keyid="{how.key_id or party.lct_id}"'
        f';alg="{how.alg}";nonce="{how.nonce or secrets.token_urlsafe(24)}"'
    )
    lines = [f'"{name}": {values[name]}' for name in how.covered]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = base64.b64encode(party.key.sign(base.encode())).decode()
    return {
        IDEMPOTENCY_HEADER: idempotency_key,
        "Content-Digest": digest,
        "Signature-Input": f"payer={parameters}",
        "Signature": f"payer=:{signature}:",
    }
