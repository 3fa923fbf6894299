"""Sign requests as a payer, with httpx."""

import secrets
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

from web4_identity.domain.keys import lct_id, raw_public_key
from web4_identity.signature.rules import COVERED, IDEMPOTENCY_HEADER

LIFETIME_SECONDS = 30


class PayerAuth(httpx.Auth):
    """Proves control of the payer's LCT: `client.post(url, json=body, auth=PayerAuth(key))`.

    Every sending is signed anew, with a nonce and times of its own (RFC 9421); the body's digest is added (RFC 9530).
    A request without an Idempotency-Key gets a random one. Give one yourself to repeat a request whose answer was lost.
    `clock` gives the time that is signed, an aware one.
    """

    requires_request_body = True

    def __init__(self, key: Ed25519PrivateKey, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self.lct_id = lct_id(raw_public_key(key))
        self._signer = HTTPMessageSigner(
            signature_algorithm=ED25519,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={self.lct_id: key}),
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign `request` and send it once (called by httpx)."""
        request.headers.setdefault(IDEMPOTENCY_HEADER, secrets.token_urlsafe(24))
        now = self._clock()
        self._signer.sign(
            request,
            key_id=self.lct_id,
            created=now,
            expires=now + timedelta(seconds=LIFETIME_SECONDS),
            nonce=secrets.token_urlsafe(24),
            label="payer",
            covered_component_ids=COVERED,
            body=request.content,
        )
        yield request
