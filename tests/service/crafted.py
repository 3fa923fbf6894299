"""Signatures made wrong on purpose, with the library but without the service's own client."""

import secrets
import time

import httpx
from http_message_signatures import ContentDigest, HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

COVERED = ("@method", "@authority", "@path", "content-digest", "idempotency-key")


class Crafted(httpx.Auth):
    """Signs as `key`; what is given differs from a good signature, and `change` may spoil the signed request."""

    requires_request_body = True

    def __init__(
        self,
        key,
        *,
        key_id=None,
        age=0,
        lifetime=30,
        nonce=None,
        covered=COVERED,
        alg=True,
        digest=None,
        change=lambda request: None,
        **url,
    ):
        self.key, self.key_id, self.change, self.url = key, key_id or key.lct_id, change, url
        self.age, self.lifetime, self.covered, self.alg, self.digest = age, lifetime, covered, alg, digest
        self.nonce = secrets.token_hex(16) if nonce is None else nonce

    def auth_flow(self, request):
        request.headers.setdefault("Idempotency-Key", secrets.token_hex(8))
        request.headers["Content-Digest"] = self.digest or ContentDigest.create(request.content)
        signer = _Signer(
            signature_algorithm=ED25519,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={self.key_id: self.key.private}),
        )
        sent, request.url = request.url, request.url.copy_with(**self.url)
        created = int(time.time()) - self.age
        signer.sign(
            request,
            key_id=self.key_id,
            created=_Instant(created),
            expires=_Instant(created + self.lifetime),
            nonce=self.nonce,
            label="s",
            covered_component_ids=self.covered,
            include_alg=self.alg,
        )
        request.url = sent
        self.change(request)
        yield request


class _NoCheck(ContentDigest):
    @classmethod
    def prepare(cls, *_, **__):
        """Sign whatever digest is there."""


class _Signer(HTTPMessageSigner):
    content_digest_class = _NoCheck


class _Instant(int):
    """A time as the signer asks for it, exact to the second and of any size."""

    def __bool__(self):
        return True

    def timestamp(self):
        return int(self)


def replaced(header, old, new):
    """A change: put `new` for `old` in one header of the signed request."""

    def change(request):
        assert old in request.headers[header]
        request.headers[header] = request.headers[header].replace(old, new)

    return change


def without(*headers):
    """A change: drop these headers from the signed request."""

    def change(request):
        for name in headers:
            del request.headers[name]

    return change
