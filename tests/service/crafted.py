"""Signatures made wrong on purpose, with the library but without the service's own client."""

import secrets
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import httpx
from http_message_signatures import ContentDigest, HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from mint_parts import Key

Change = Callable[[httpx.Request], None]
COVERED = ("@method", "@authority", "@path", "content-digest", "idempotency-key")


class Crafted(httpx.Auth):
    """Signs as `key`; what is given differs from a good signature, and `change` may spoil the signed request."""

    requires_request_body = True

    def __init__(
        self,
        key: Key,
        *,
        key_id: str | None = None,
        age: int = 0,
        lifetime: int = 30,
        nonce: str | None = None,
        covered: Sequence[str] = COVERED,
        alg: bool = True,
        digest: str | None = None,
        change: Change = lambda request: None,
        **url: Any,
    ) -> None:
        self.key, self.key_id, self.change, self.url = key, key_id or key.lct_id, change, url
        self.age, self.lifetime, self.covered, self.alg, self.digest = age, lifetime, covered, alg, digest
        self.nonce = secrets.token_hex(16) if nonce is None else nonce

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
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
            created=_Instant(created),  # type: ignore[arg-type]  # has what is asked of a datetime
            expires=_Instant(created + self.lifetime),  # type: ignore[arg-type]  # as above
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
    def prepare(cls, *_: object, **__: object) -> None:
        """Sign whatever digest is there."""


class _Signer(HTTPMessageSigner):
    content_digest_class = _NoCheck


class _Instant(int):
    """A time as the signer asks for it, exact to the second and of any size."""

    def __bool__(self) -> bool:
        return True

    def timestamp(self) -> int:
        return int(self)


def replaced(header: str, old: str, new: str) -> Change:
    """A change: put `new` for `old` in one header of the signed request."""

    def change(request: httpx.Request) -> None:
        assert old in request.headers[header]
        request.headers[header] = request.headers[header].replace(old, new)

    return change


def without(*headers: str) -> Change:
    """A change: drop these headers from the signed request."""

    def change(request: httpx.Request) -> None:
        for name in headers:
            del request.headers[name]

    return change
