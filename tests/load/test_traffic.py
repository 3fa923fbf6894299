"""The load's clients: what they note of each answer, and when they send again. The edge is played here."""

import re
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from traffic import clients
from traffic.clients import Client, Setting
from traffic.parties import MINTS_EACH, Clock, Town
from traffic.record import Record, Sent, read_record
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

Answer = Callable[[httpx.Request], httpx.Response]


class Edge:
    """Answers each request by `answer`, and keeps it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.asked: list[httpx.Request] = []
        self.answer: Answer = lambda request: httpx.Response(201, json=minted(request))
        monkeypatch.setattr(clients, "RETRY_PAUSE_SECONDS", 0)
        monkeypatch.setattr(httpx, "HTTPTransport", lambda **_: httpx.MockTransport(self._take))
        self.clock, self._file = Clock(), folder / "requests.jsonl"
        operator = PayerAuth(Ed25519PrivateKey.generate(), self.clock.now)
        trust = ssl.create_default_context()
        setting = Setting("https://edge.test", trust, "run", operator, self.clock, Record(self._file))
        self.town = Town()
        self.client = Client(setting, self.town, None)

    @property
    def noted(self) -> list[Sent]:
        return read_record(self._file)

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer(request)


def minted(request: httpx.Request) -> dict[str, Any]:
    key = httpx.Response(200, content=request.content).json().get("public_key", "")
    return {"data": {"public_key": key}, "atp_cost": 100}


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(monkeypatch, tmp_path)
    yield edge
    edge.client.close()


def test_a_society_is_founded_for_every_twelve_mints(edge: Edge) -> None:
    for _ in range(MINTS_EACH + 1):
        edge.client.mint()
    assert [each.kind for each in edge.noted] == ["found", *["mint"] * MINTS_EACH, "found", "mint"]
    assert all(each.ok and each.key for each in edge.noted)
    assert [each.price for each in edge.noted if each.kind == "mint"] == [100] * (MINTS_EACH + 1)


@pytest.mark.parametrize("lost", [ConnectionRefusedError(), None], ids=["refused", "lost"])
def test_a_mint_whose_answer_is_lost_is_sent_once_more_under_the_same_key(edge: Edge, lost: OSError | None) -> None:
    edge.client.mint()
    failures = [1]

    def fail_once(request: httpx.Request) -> httpx.Response:
        if failures and failures.pop():
            if lost is None:
                raise httpx.ReadError("connection reset")
            raise httpx.ConnectError("refused") from lost
        return httpx.Response(201, json=minted(request))

    edge.answer = fail_once
    sent = edge.client.mint()
    assert (sent.ok, sent.retries) == (True, 1)
    first, second = edge.asked[-2:]
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == sent.key
    assert first.headers["signature"] != second.headers["signature"]
    assert first.content == second.content


def test_nothing_is_sent_a_third_time_nor_after_an_answer_or_a_time_out(edge: Edge) -> None:
    edge.client.mint()
    begun = len(edge.asked)

    def lose(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("connection reset")

    edge.answer = lose
    sent = edge.client.mint()
    assert (sent.ok, sent.status, sent.retries, len(edge.asked) - begun) == (False, None, 1, 2)

    def be_late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    edge.answer = be_late
    assert edge.client.mint().retries == 0
    edge.answer = lambda request: httpx.Response(503, json={"code": "W4_ERR_UNAVAILABLE"})
    sent = edge.client.mint()
    assert (sent.ok, sent.status, sent.error, sent.retries) == (False, 503, "W4_ERR_UNAVAILABLE", 0)
    assert not edge.noted[-1].ok


def test_bad_input_that_is_taken_is_noted_as_wrong(edge: Edge) -> None:
    edge.client.mint()
    edge.answer = lambda request: httpx.Response(201, json={})
    assert not edge.client.bad().ok


def test_a_read_notes_what_it_told(edge: Edge) -> None:
    edge.client.mint()
    document = {"binding": {"public_key": "z6MkTold"}, "revocation": {"status": "active"}}
    edge.answer = lambda request: httpx.Response(200, json=document)
    edge.client.read()
    assert (edge.noted[-1].public_key, edge.noted[-1].state) == ("z6MkTold", "active")


def test_everybody_signs_by_the_clock_of_the_run(edge: Edge) -> None:
    edge.clock.ahead = timedelta(minutes=10)
    edge.client.mint()
    for request in edge.asked:  # the operator's, the founder's
        created = re.search(r"created=(\d+)", request.headers["signature-input"])
        assert created and 590 < int(created[1]) - time.time() < 610
