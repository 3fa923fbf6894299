"""One client: what it asks, and how it notes what came of it."""

import random
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict, Unpack

import httpx
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_fixed
from web4_identity.cli.client import worth_repeating
from web4_identity.domain.entities import EntityType
from web4_identity.signature import PayerAuth
from web4_identity.signature.rules import IDEMPOTENCY_HEADER

from traffic.parties import MINTS_EACH, Clock, Party, Society, Town
from traffic.record import Kind, Record, Sent

TIMEOUT_SECONDS = 10
FOUNDINGS = RateLimitItemPerMinute(15)
"""Of all clients together: fewer than the 20 requests that the service lets a payer send."""
RETRY_PAUSE_SECONDS = 0.5


class About(TypedDict, total=False):
    """What a Sent says of the two that a request is about, who signed it and for whom."""

    payer: str
    key: str
    lct_id: str
    public_key: str


@dataclass(frozen=True)
class Setting:
    """What all clients of a run have in common.

    Attributes:
        url: the edge's.
        trust: whose certificates are believed.
        run: what the run's societies are called after.
        operator: founds them.
        clock: the one that everybody signs by.
        record: where every request is written down.
        foundings: how many societies were founded this minute.
    """

    url: str
    trust: ssl.SSLContext
    run: str
    operator: PayerAuth
    clock: Clock
    record: Record
    foundings: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))


class Client:
    """Sends one request at a time, from an address of its own."""

    def __init__(self, setting: Setting, town: Town, address: str | None) -> None:
        self._setting, self._town = setting, town
        transport = httpx.HTTPTransport(verify=setting.trust, local_address=address)
        self._http = httpx.Client(base_url=setting.url, timeout=TIMEOUT_SECONDS, transport=transport)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def mint(self) -> Sent:
        """Mint a device; every MINTS_EACH times a society is founded for it, which is what is returned when it fails.

        While the operator, who founds them all, has asked as often as a payer may, something is read instead.
        """
        with self._town.lock:
            if self._town.left == 0 and not self._setting.foundings.hit(FOUNDINGS):
                return self.read()
            if self._town.left == 0 and not (founded := self._found()).ok:
                return founded
            self._town.left -= 1
            society = self._town.society
            assert society is not None  # there is some left of it
        subject = Party(self._setting.clock)
        sent, answer = self._post("mint", "/v1/lct/mint", society.mint(subject), society.founder.auth, 201, subject)
        if sent.ok:
            told = answer["data"]
            sent = self._note(sent, society, price=answer["atp_cost"], public_key=told["public_key"])
            self._town.born.append(subject)
        else:
            sent = self._note(sent, society)
            if sent.status is not None:  # refused, so it was not paid for
                self._town.left += 1
        return sent

    def read(self) -> Sent:
        """Read an LCT that was minted, or revoked, before."""
        known = [*self._town.born[-50:], *self._town.revoked[-10:]]
        if not known:
            return self.bad()
        about = random.choice(known)
        sent, answer = self._ask("read", lambda: self._http.get(f"/v1/lct/{about.lct_id}"), 200, lct_id=about.lct_id)
        if sent.ok:
            told = {"public_key": answer["binding"]["public_key"], "state": answer["revocation"]["status"]}
            sent = replace(sent, **told)
        self._setting.record.write(sent)
        return sent

    def revoke(self) -> Sent:
        """Revoke an LCT that was minted before, by its own signature."""
        if len(self._town.born) < 5:
            return self.read()
        subject = self._town.born.pop(random.randrange(len(self._town.born)))
        sent, _ = self._post("revoke", f"/v1/lct/{subject.lct_id}/revoke", {}, subject.auth, 200, subject)
        (self._town.revoked if sent.ok else self._town.born).append(subject)
        self._setting.record.write(sent)
        return sent

    def bad(self) -> Sent:
        """Ask for what must be refused: unsigned, of no kind, without witnesses, for nobody."""
        society, subject = self._town.society, Party(self._setting.clock)
        if society is None:
            return self._bad(lambda: self._http.get(f"/v1/lct/{subject.lct_id}"), 404)
        body, path, payer = society.mint(subject), "/v1/lct/mint", society.founder.auth
        wrong: dict[int, tuple[Mapping[str, Any], PayerAuth | None]] = {
            401: (body, None),
            409: (society.mint(subject, EntityType.HUMAN), payer),
            422: (body | {"entity_type": "nothing"}, payer),
        }
        status = random.choice([*wrong, 404])
        if status == 404:
            return self._bad(lambda: self._http.get(f"/v1/lct/{subject.lct_id}"), 404)
        order, auth = wrong[status]
        return self._bad(lambda: self._http.request("POST", path, json=order, auth=auth), status, lct_id=subject.lct_id)

    def _bad(self, send: Callable[[], httpx.Response], status: int, **about: Unpack[About]) -> Sent:
        sent, _ = self._ask("bad", send, status, **about)
        self._setting.record.write(sent)
        return sent

    def _found(self) -> Sent:
        society = Society(self._setting.run, self._setting.clock)
        sent, _ = self._post("found", "/v1/societies", society.founding(), self._setting.operator, 201, society.founder)
        if sent.ok:
            self._town.society, self._town.left = society, MINTS_EACH
        return self._note(sent, society)

    def _post(
        self, kind: Kind, path: str, body: Mapping[str, Any], auth: PayerAuth, status: int, about: Party
    ) -> tuple[Sent, dict[str, Any]]:
        key = secrets.token_urlsafe(24)
        headers = {IDEMPOTENCY_HEADER: key}
        told: About = {"payer": auth.lct_id, "key": key, "lct_id": about.lct_id, "public_key": about.public_key}
        return self._ask(kind, lambda: self._http.post(path, json=body, headers=headers, auth=auth), status, **told)

    def _ask(
        self, kind: Kind, send: Callable[[], httpx.Response], expected: int, **about: Unpack[About]
    ) -> tuple[Sent, dict[str, Any]]:
        """Send once, and once more if the connection was refused or lost: signed anew, under the same key."""
        retries = 0

        def again(_: RetryCallState) -> None:
            nonlocal retries
            retries += 1

        attempts = Retrying(
            retry=retry_if_exception(worth_repeating),
            stop=stop_after_attempt(2),
            wait=wait_fixed(RETRY_PAUSE_SECONDS),
            before_sleep=again,
            reraise=True,
        )
        began = time.time()
        status, answer, error = None, {}, ""
        try:
            response = attempts(send)
            status, answer = response.status_code, response.json()
            error = answer.get("code", "")
        except httpx.HTTPError as failure:
            error = repr(failure)
        except ValueError:
            error = "no JSON"
        ok = status == expected and error != "no JSON"
        return Sent(began, time.time(), kind, ok, status, error, retries, **about), answer

    def _note(self, sent: Sent, society: Society, **told: Any) -> Sent:
        sent = replace(sent, society=society.name, **told)
        self._setting.record.write(sent)
        return sent
