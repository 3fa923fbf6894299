"""The proof that a mint needs, and a revocation: who asks, shown by a signature that is used once."""

import hashlib
import time
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import Headers

from web4_identity import problems
from web4_identity.db.registry import payer_key
from web4_identity.db.revocation import payer_revoked
from web4_identity.domain.keys import from_multikey
from web4_identity.http.rate_limit import spend, store_unavailable
from web4_identity.http.verdict import LimitType
from web4_identity.problems import Problem
from web4_identity.redis_store import StoreUnavailable
from web4_identity.resources import Resources
from web4_identity.signature.claim import Claim, read_claim, unproved
from web4_identity.signature.rules import IDEMPOTENCY_HEADER, IDEMPOTENCY_PATTERN
from web4_identity.signature.verify import verify_digest, verify_signature

PROOF_REFUSALS = (
    problems.IDEMPOTENCY_KEY,
    problems.SIGNATURE_MISSING,
    problems.SIGNATURE_MALFORMED,
    problems.SIGNATURE_EXPIRED,
    problems.SIGNATURE_KEY_UNKNOWN,
    problems.SIGNATURE_INVALID,
    problems.SIGNATURE_REPLAYED,
    problems.DIGEST_MISMATCH,
)
"""What a request without a good proof can be answered."""


@dataclass(frozen=True)
class ProvedPayer:
    """Who proved to pay (an LCT id), under which Idempotency-Key, and the SHA-256 of the raw body."""

    lct_id: str
    idempotency_key: str
    body_sha256: bytes


class PayerProof:
    """A FastAPI dependency that gives the ProvedPayer of a request."""

    def __init__(self, resources: Resources, *, revoked_may_ask: bool = False) -> None:
        self._resources = resources
        self._revoked_may_ask = revoked_may_ask
        self._skew = resources.settings.signature_clock_skew

    async def __call__(self, request: Request) -> ProvedPayer:
        """Check the proof, cheapest first: form and time, digest, key and signature, nonce, the payer's limit.

        Only a verified signature spends its nonce and its payer's limit, so nobody can spend another's. Raises
        Problem: 401 for what is wrong with the proof, 400 Idempotency-Key, 429, 503 without Redis, 403 for a revoked
        LCT unless it may ask here; DatabaseUnavailable.
        """
        claim = read_claim(request.headers, time.time(), self._skew)
        self._require_our_authority(request.headers)
        idempotency_key = _idempotency_key(request.headers)
        body = await request.body()
        verify_digest(request.headers, body)
        public_key, revoked = await self._key(claim)
        verify_signature(request, claim, public_key, self._skew)
        await self._use_nonce(claim)
        # After the nonce's answer, not in one round trip with it: a replay must not spend its payer's limit.
        await spend(self._resources, LimitType.PAYER, claim.key_id, write=True)
        if revoked and not self._revoked_may_ask:
            raise payer_revoked()
        return ProvedPayer(claim.key_id, idempotency_key, hashlib.sha256(body).digest())

    async def _use_nonce(self, claim: Claim) -> None:
        try:
            fresh = await self._resources.nonces.use(claim.key_id, claim.nonce)
        except StoreUnavailable as error:
            raise store_unavailable() from error
        if not fresh:
            raise unproved(problems.SIGNATURE_REPLAYED, "the nonce was used before; sign again with a new one")

    def _require_our_authority(self, headers: Headers) -> None:
        # What a payer signs for another service (a test stack) would otherwise count here too, sent with its Host.
        allowed = self._resources.settings.public_authorities
        if allowed and headers.get("host", "").lower().removesuffix(":443") not in allowed:
            raise unproved(problems.SIGNATURE_INVALID, "Host is none of this service's PUBLIC_AUTHORITIES")

    async def _key(self, claim: Claim) -> tuple[bytes, bool]:
        """The public key of who is claimed to have signed, and whether that LCT is revoked."""
        async with self._resources.database.reading() as connection:
            row = await payer_key(connection, claim.key_id)
        if row is None:
            raise unproved(problems.SIGNATURE_KEY_UNKNOWN, "keyid names no registered LCT")
        return from_multikey(row.public_key), row.revoked_at is not None


def _idempotency_key(headers: Headers) -> str:
    given = headers.getlist(IDEMPOTENCY_HEADER)
    if len(given) != 1 or not IDEMPOTENCY_PATTERN.fullmatch(given[0]):
        raise Problem(problems.IDEMPOTENCY_KEY, f"{IDEMPOTENCY_HEADER} must be 1 to 128 visible ASCII characters, once")
    return given[0]
