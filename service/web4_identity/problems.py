"""Every way a request can be refused, in one catalogue: HTTP status, stable code, title, metric reason.

The HTTP layer renders them as RFC 9457 problem documents; the rest of the code only raises Problem.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of refusal; `reason` is its label in web4_identity_lct_mint_rejected_total, None where not counted."""

    status: int
    code: str
    title: str
    reason: str | None = None


BAD_REQUEST = Kind(400, "W4_ERR_BAD_REQUEST", "Bad request", "validation")
IDEMPOTENCY_KEY = Kind(400, "W4_ERR_IDEMPOTENCY_KEY", "Idempotency-Key missing or malformed", "idempotency_key")
SIGNATURE_MISSING = Kind(401, "W4_ERR_SIGNATURE_MISSING", "Signature missing", "signature_missing")
SIGNATURE_MALFORMED = Kind(401, "W4_ERR_SIGNATURE_MALFORMED", "Signature malformed", "signature_malformed")
SIGNATURE_EXPIRED = Kind(401, "W4_ERR_SIGNATURE_EXPIRED", "Signature outside its time", "signature_expired")
SIGNATURE_KEY_UNKNOWN = Kind(401, "W4_ERR_SIGNATURE_KEY_UNKNOWN", "Payer not registered", "signature_key_unknown")
SIGNATURE_INVALID = Kind(401, "W4_ERR_SIGNATURE_INVALID", "Signature invalid", "signature_invalid")
SIGNATURE_REPLAYED = Kind(401, "W4_ERR_SIGNATURE_REPLAYED", "Signature used before", "signature_replayed")
DIGEST_MISMATCH = Kind(401, "W4_ERR_DIGEST_MISMATCH", "Content-Digest does not match", "digest_mismatch")
INSUFFICIENT_ATP = Kind(402, "W4_ERR_INSUFFICIENT_ATP", "Insufficient ATP", "insufficient_atp")
# The caller is proved, but is not the one whose ATP it asks to spend: 403, as no other proof would help.
CALLER_MISMATCH = Kind(403, "W4_ERR_CALLER_MISMATCH", "Caller is not the signer", "caller_mismatch")
LCT_REVOKED = Kind(403, "W4_ERR_LCT_REVOKED", "LCT revoked", "lct_revoked")
# No reason: what only operators may ask is no mint.
NOT_OPERATOR = Kind(403, "W4_ERR_NOT_OPERATOR", "Not an operator")
NOT_FOUND = Kind(404, "W4_ERR_NOT_FOUND", "Not found")
LCT_NOT_FOUND = Kind(404, "W4_ERR_LCT_NOT_FOUND", "LCT not found")
SOCIETY_NOT_FOUND = Kind(404, "W4_ERR_SOCIETY_NOT_FOUND", "Society not registered", "unknown_society")
METHOD_NOT_ALLOWED = Kind(405, "W4_ERR_METHOD_NOT_ALLOWED", "Method not allowed")
BODY_TOO_SLOW = Kind(408, "W4_ERR_BODY_TOO_SLOW", "Request body too slow", "body_too_slow")
DUPLICATE = Kind(409, "W4_ERR_DUPLICATE", "Already minted", "duplicate")
SOCIETY_EXISTS = Kind(409, "W4_ERR_SOCIETY_EXISTS", "Society already registered")
ALREADY_REVOKED = Kind(409, "W4_ERR_LCT_ALREADY_REVOKED", "LCT already revoked")
WITNESS_QUORUM = Kind(409, "W4_ERR_WITNESS_QUORUM", "Witness quorum not met", "witness_quorum")
WITNESS_ATTESTATION = Kind(
    409, "W4_ERR_WITNESS_ATTESTATION", "Witness does not attest this mint", "witness_attestation"
)
WITNESS_REVOKED = Kind(409, "W4_ERR_WITNESS_REVOKED", "Witness revoked", "witness_revoked")
WITNESS_STANDING = Kind(409, "W4_ERR_WITNESS_STANDING", "Witness lacks standing", "witness_standing")
WITNESS_UNKNOWN = Kind(409, "W4_ERR_WITNESS_UNKNOWN", "Witness not of this society", "witness_unknown")
POOL_EXHAUSTED = Kind(409, "W4_ERR_POOL_EXHAUSTED", "Society's pool cannot pay the grant", "pool_exhausted")
PRICE_LIMIT = Kind(409, "W4_ERR_PRICE_LIMIT", "Price above the limit", "price_limit")
BODY_TOO_LARGE = Kind(413, "W4_ERR_BODY_TOO_LARGE", "Request body too large", "body_too_large")
VALIDATION = Kind(422, "W4_ERR_VALIDATION", "Invalid request", "validation")
BINDING_PROOF = Kind(422, "W4_ERR_BINDING_PROOF", "Binding proof refused", "binding_proof")
IDEMPOTENCY_CONFLICT = Kind(
    422, "W4_ERR_IDEMPOTENCY_CONFLICT", "Idempotency-Key used for another request", "idempotency_conflict"
)
# Rate limiting has its own metric, so it has no mint reason: a dashboard that adds both counts nothing twice.
RATE_LIMITED = Kind(429, "W4_ERR_RATE_LIMITED", "Too many requests")
INTERNAL = Kind(500, "W4_ERR_INTERNAL", "Internal error", "internal")
UNAVAILABLE = Kind(503, "W4_ERR_UNAVAILABLE", "Service unavailable", "unavailable")

MINT_REASONS = sorted({kind.reason for kind in list(vars().values()) if isinstance(kind, Kind) and kind.reason})
"""Every value of the metric's reason label."""


class Problem(Exception):
    """A refusal. `detail` is shown to the client: no secret, no internals. `extra` adds members to the document."""

    def __init__(self, kind: Kind, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(f"{kind.code}: {detail}")
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra
