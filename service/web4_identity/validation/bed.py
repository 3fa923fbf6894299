"""The test bed: the attacked service as attacks see it, and what is remembered of its answers."""

import asyncio
import itertools
import json
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import httpx

from web4_identity.domain.attestation import Birth
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.validation.answer import CLOSED, Answer, Outcome, Refusal
from web4_identity.validation.craft import MINT_PATH, Party, Signing, signed_headers
from web4_identity.validation.purse import Purse
from web4_identity.validation.trickle import trickle

T = TypeVar("T")

REQUEST_SECONDS = 60
# Too many requests, or a service too busy: whatever was attacked was not looked at.
_LATER = (429, 503)
# No answer may hold one of these: a private key as a member or as PEM, a stack trace, the name of a library within.
_LEAK = re.compile(r'"private_key"\s*:|PRIVATE KEY-----|Traceback \(most|\.py", line|sqlalchemy|asyncpg|pydantic_core')


class Limited(Exception):
    """The answer was "later" where another was wanted: nothing is proved, try again in `seconds`."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds


class Bed:
    """Sends requests to one service, from its client addresses in turn, as the payer `caller`."""

    def __init__(
        self,
        url: str,
        caller: Party,
        society: str,
        trust: ssl.SSLContext,
        addresses: Sequence[str],
        limit: int,
        authority: str | None = None,
    ) -> None:
        """`authority` is the host, and perhaps port, that requests are for where `url` leads past its name."""
        self.caller, self.society, self.limit = caller, society, limit
        self.purse = Purse()
        self.leaks: list[str] = []
        # Another payer and member of the society; the run replaces it by a minted one.
        self.registered = caller
        self.registered_identifier = ""
        self._url = httpx.URL(url)
        self._trust, self._address = trust, addresses[0] if addresses else None
        self.authority = authority or self._url.netloc.decode("ascii").rpartition("@")[2]
        self._server_name = self.authority.partition(":")[0] if authority else self._url.host
        self._clients = [
            httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(verify=trust, local_address=address or None),
                timeout=REQUEST_SECONDS,
                headers={"Host": self.authority},
            )
            for address in (addresses or [""])
        ]
        self._turn = itertools.cycle(self._clients)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        one_address: bool = False,
        limit_wanted: bool = False,
    ) -> Answer:
        """Send one request as it is written. Raises Limited (unless a 429 is wanted), httpx.ConnectError."""
        client = self._clients[0] if one_address else next(self._turn)
        url = self._url.copy_with(raw_path=path.encode("ascii"))
        try:
            response = await client.request(
                method, url, headers=headers, content=content, extensions={"sni_hostname": self._server_name}
            )
        except httpx.ConnectError:
            raise
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            return Answer(CLOSED)
        if _LEAK.search(response.text):
            self.leaks.append(f"{method} {path}: {response.status_code}")
        if response.status_code in _LATER and not limit_wanted:
            raise Limited(_seconds(response.headers.get("retry-after", "")))
        return Answer(response.status_code, response.headers, response.text, _parsed(response))

    def order(self, subject: Party, **changes: Any) -> dict[str, Any]:
        """The body of a mint that would succeed, with these fields changed."""
        body: dict[str, Any] = {
            "caller_lct_id": self.caller.lct_id,
            "entity_type": "device",
            "entity_identifier": f"validate-{secrets.token_hex(8)}",
            "society": self.society,
            "public_key": subject.public_key,
            "witnesses": [],
        }
        body.update(changes)
        known = body["entity_type"] in list(EntityType)
        body.setdefault("binding_proof", prove_binding(subject.key, EntityType(body["entity_type"] if known else "ai")))
        return body

    def text(self, body: dict[str, Any]) -> bytes:
        """The body as it is sent."""
        return json.dumps(body).encode()

    def birth(self, body: dict[str, Any]) -> Birth:
        """What a witness attests of the mint of `body`."""
        fields = {name: body[name] for name in Birth.__dataclass_fields__ if name in body}
        return Birth(**{**fields, "entity_type": EntityType(body["entity_type"])})

    def sign(self, content: bytes, by: Party | None = None, key: str | None = None, **how: Any) -> dict[str, str]:
        """The headers of a mint, signed by the caller unless said otherwise; `how` are Signing's."""
        idempotency_key = secrets.token_urlsafe(16) if key is None else key
        headers = signed_headers(by or self.caller, content, self.authority, idempotency_key, Signing(**how))
        return {"Content-Type": "application/json", **headers}

    async def mint(
        self,
        body: dict[str, Any] | bytes,
        *,
        by: Party | None = None,
        key: str | None = None,
        change: dict[str, str | None] | None = None,
        sent: bytes | AsyncIterator[bytes] | None = None,
        **how: Any,
    ) -> Answer:
        """Send a signed mint. `change` replaces (None: drops) signed headers, `sent` goes out in the body's place."""
        content = body if isinstance(body, bytes) else self.text(body)
        headers = {**self.sign(content, by, key, **how), **(change or {})}
        answer = await self.post(
            content if sent is None else sent, {name: value for name, value in headers.items() if value is not None}
        )
        if answer.status == 201 and isinstance(answer.body, dict) and (by is None or how.get("key_id")):
            self.purse.paid(answer.body)
        return answer

    async def post(self, content: bytes | AsyncIterator[bytes], headers: dict[str, str]) -> Answer:
        """Send a mint just so."""
        return await self.send("POST", MINT_PATH, headers=headers, content=content)

    async def mint_slowly(self, content: bytes, pieces: AsyncIterator[bytes]) -> Answer:
        """Send a mint signed for `content`, its body as the `pieces` come; the answer is given as soon as it comes."""
        url = self._url.copy_with(raw_path=MINT_PATH.encode("ascii"))
        headers = {"Host": self.authority, **self.sign(content)}
        answer = await trickle(url, headers, pieces, self._trust, self._server_name, self._address)
        if answer.status in _LATER:
            raise Limited(_seconds(answer.headers.get("retry-after", "")))
        return answer

    async def absent(self, *lct_ids: str) -> bool:
        """Whether none of these LCTs is registered."""
        for lct_id in lct_ids:
            path = f"/v1/lct/{lct_id}"
            if (await patiently(partial(self.send, "GET", path))).status != 404:
                return False
        return True

    async def control_mint(self) -> tuple[Party, Answer]:
        """A good mint, which must be answered 201: the measure of the caller's balance."""
        subject = Party.new()
        return subject, await patiently(lambda: self.mint(self.order(subject)))

    async def overcharge(self) -> str:
        """What a control mint shows to be wrong with the caller's balance, in words; empty when it is right."""
        _, answer = await self.control_mint()
        if answer.status != 201:
            return f"the control mint is refused: {answer}"
        unexplained = self.purse.settle()
        return f"{unexplained} ATP gone unexplained" if unexplained else ""

    async def at_once(self, mints: Sequence[Awaitable[Answer]]) -> list[Answer]:
        """The answers to concurrent requests; raises Limited if any was, once all are answered."""
        answers: list[Answer] = []
        for answer in await asyncio.gather(*mints, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
            answers.append(answer)
        return answers

    async def judge(self, answer: Answer, expected: Sequence[Refusal], *unborn: Party) -> Outcome:
        """Defended: the answer is one of the expected, and no LCT of `unborn` exists afterwards."""
        if not any(refusal.matches(answer) for refusal in expected):
            return Outcome(str(answer), False)
        if not await self.absent(*(party.lct_id for party in unborn)):
            return Outcome(f"{answer}, but the LCT exists", False)
        return Outcome(str(answer), True)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again, whenever limited, after the time the service gives: for what costs nothing to repeat."""
    while True:
        try:
            return await ask()
        except Limited as limited:
            await asyncio.sleep(limited.seconds)


def _seconds(retry_after: str) -> int:
    return max(1, int(retry_after)) if retry_after.isdecimal() else 5


def _parsed(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
