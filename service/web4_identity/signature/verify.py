"""Verify a request's digest and signature."""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
)
from http_message_signatures.algorithms import ED25519
from starlette.datastructures import Headers
from starlette.requests import Request

from web4_identity import problems
from web4_identity.signature.claim import Claim, unproved


@dataclass(frozen=True)
class _Message:
    """A request as the library reads it."""

    method: str
    url: str
    headers: Headers


def verify_digest(headers: Headers, body: bytes) -> None:
    """Check Content-Digest over the raw body: sha-256, sha-512, or both, and every one must match.

    Source: RFC 9530. Raises Problem (401).
    """
    try:
        ContentDigest.verify(", ".join(headers.getlist("content-digest")), body)
    except HTTPMessageSignaturesException:
        raise unproved(problems.DIGEST_MISMATCH, "Content-Digest is not the sha-256 of the body as sent") from None


def verify_signature(request: Request, claim: Claim, public_key: bytes, skew_seconds: int) -> None:
    """Check that the key of 32 raw bytes `public_key` signed `request` as `claim` says.

    Source: RFC 9421, section 3.2. Raises Problem (401).
    """
    key = Ed25519PublicKey.from_public_bytes(public_key)
    verifier = HTTPMessageVerifier(
        signature_algorithm=ED25519,
        # Only the claimed key: should the library ever read another keyid than we did, it finds none.
        key_resolver=MappingKeyResolver(public_keys={claim.key_id: key}, private_keys={}),
    )
    verifier.max_clock_skew = timedelta(seconds=skew_seconds)
    try:
        (verified,) = verifier.verify(_message(request), max_age=None)
    except HTTPMessageSignaturesException:
        raise unproved(
            problems.SIGNATURE_INVALID, "the signature does not verify for this request and the payer's key"
        ) from None
    if verified.nonce != claim.nonce:
        raise unproved(problems.SIGNATURE_INVALID, "the nonce is not the signed one")


def _message(request: Request) -> _Message:
    # A client leaves the default port out of Host and out of what it signs, so the scheme that reached us through a
    # TLS edge is not needed; https drops a needless :443.
    path = request.scope["raw_path"].decode("latin-1")
    return _Message(request.method, f"https://{request.headers.get('host', '')}{path}", request.headers)
