"""Send a signed request to a running service: what the commands that ask one share."""

import secrets
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from http_message_signatures import HTTPMessageSignaturesException
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from web4_identity.cli.common import EXIT_USAGE, fail
from web4_identity.signature import PayerAuth
from web4_identity.signature.rules import IDEMPOTENCY_HEADER, IDEMPOTENCY_PATTERN

REQUEST_SECONDS = 30
_LOST = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


def new_or_given(idempotency_key: str | None) -> str:
    """The Idempotency-Key to send, a random one unless given, or exit with one line when it is not usable."""
    if idempotency_key is None:
        return secrets.token_urlsafe(24)
    if not IDEMPOTENCY_PATTERN.fullmatch(idempotency_key):
        fail("--idempotency-key must be 1 to 128 visible ASCII characters", EXIT_USAGE)
    return idempotency_key


def post(
    url: str, ca_file: Path | None, payer: PayerAuth, idempotency_key: str, body: dict[str, Any], *, expected: int
) -> dict[str, Any]:
    """Post `body`, signed by `payer`, and give the answer of status `expected`, or exit with one line that says why.

    `ca_file` is trusted instead of the system's authorities. Only a request whose answer was lost is sent again.
    """
    try:
        trust = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        fail(f"{ca_file}: not a readable CA file ({error.strerror or error})")
    # A lost answer may belong to a change that is committed; the Idempotency-Key makes asking again safe.
    attempts = Retrying(
        retry=retry_if_exception(worth_repeating), stop=stop_after_attempt(4), wait=wait_fixed(0.5), reraise=True
    )
    headers = {IDEMPOTENCY_HEADER: idempotency_key}
    try:
        with httpx.Client(verify=trust, timeout=REQUEST_SECONDS) as client:
            response = attempts(client.post, url, json=body, headers=headers, auth=payer)
    except (httpx.HTTPError, httpx.InvalidURL, HTTPMessageSignaturesException) as error:
        fail(f"{url}: {error or type(error).__name__}")
    try:
        answer: dict[str, Any] = response.json()
    except ValueError:
        fail(f"{url}: HTTP {response.status_code} without a JSON answer; is this the identity service?")
    if response.status_code != expected:
        fail(_refusal(response, answer))
    return answer


def _refusal(response: httpx.Response, answer: Any) -> str:
    if not isinstance(answer, dict) or "code" not in answer:
        return f"refused with HTTP {response.status_code}"
    text = f"{answer.get('title')} ({answer['code']}, HTTP {response.status_code}): {answer.get('detail')}"
    if "retry-after" in response.headers:
        text += f" (retry after {response.headers['retry-after']} s)"
    return text


def worth_repeating(error: BaseException) -> bool:
    """Whether the connection was refused or the answer lost: then the same Idempotency-Key makes asking again safe."""
    if isinstance(error, _LOST):
        return True
    return isinstance(error, httpx.ConnectError) and any(isinstance(e, ConnectionRefusedError) for e in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
