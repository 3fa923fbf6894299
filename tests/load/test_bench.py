"""`make bench`: where its load comes from, what it counts, and its table. The edge is played here, over TLS."""

import asyncio
import itertools
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.addresses import RANGE, REQUESTS_EACH
from bench.figures import HEADS, Measured, rows
from bench.load import NO_ANSWER, send

from infra.settings.edge import EdgeRateLimit
from infra.settings.service import IdentitySettings
from local import pki

pytestmark = pytest.mark.unit

ANSWER = b"HTTP/1.1 %d x\r\nContent-Length: 2\r\n\r\nok"


class Edge:
    """Answers each request by the status in its path, on TLS; hangs up where that is 0."""

    def __init__(self, folder: Path) -> None:
        authority = pki.authority(folder, "ca")
        certificate, key = pki.issue(authority, folder, "edge", "localhost", names=("127.0.0.1",))
        self.trust = ssl.create_default_context(cafile=str(authority.certificate))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self.requests: Counter[str] = Counter()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        self._loop, started = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,))
        self._thread.start()
        started.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, started: threading.Event) -> None:
        listening = asyncio.start_server(self._serve, *self.address, ssl=self._tls)
        server = self._loop.run_until_complete(listening)
        started.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests[writer.get_extra_info("peername")[0]] += 1
                status = int(head.split()[1].strip(b"/"))
                if status == 0:
                    break
                writer.write(ANSWER % status)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(tmp_path)
    yield edge
    edge.close()


def asks(*statuses: int) -> list[bytes]:
    return [b"GET /%d HTTP/1.1\r\nHost: edge\r\n\r\n" % status for status in statuses]


def own() -> Iterator[str]:
    """All of 127.0.0.0/8 is this machine's."""
    return (f"127.0.1.{last}" for last in range(1, 255))


def test_each_address_sends_a_few_and_none_comes_twice(edge: Edge) -> None:
    load = send(edge.address, edge.trust, own(), asks(*[200] * 95), 10)
    assert load.statuses == {200: 95}
    assert len(load.latencies) == sum(edge.requests.values()) == 95
    assert max(edge.requests.values()) == REQUESTS_EACH
    assert len(load.opening) == len(edge.requests) == 10


def test_it_ends_with_the_clock_though_requests_are_left(edge: Edge) -> None:
    waiting = itertools.repeat(asks(200)[0], 10**9)
    load = send(edge.address, edge.trust, itertools.cycle(own()), waiting, 0.5)
    assert load.seconds >= 0.5
    assert load.statuses.keys() <= {200} and load.statuses[200] == len(load.latencies)


def test_every_answer_is_counted_and_a_lost_one_too(edge: Edge) -> None:
    load = send(edge.address, edge.trust, own(), asks(200, 429, 503, 0), 10)
    assert load.statuses == {200: 1, 429: 1, 503: 1, NO_ANSWER: 1}


def test_no_limit_of_a_stack_is_met() -> None:
    assert EdgeRateLimit().burst + 1 >= REQUESTS_EACH <= IdentitySettings().rate_limit_per_ip
    assert RANGE.num_addresses > 100_000


def test_a_row_has_every_figure() -> None:
    latencies = [number / 1000 for number in range(1, 101)]
    measured = Measured("mints", 2, 10, latencies, failed=20, memory=(100e6, 101e6))
    nginx = Measured("nginx alone", 0, 1, [0.002] * 1000, failed=0)
    lines = rows([nginx, measured], nginx=1000, ceiling=80).splitlines()
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == list(HEADS)
    first, second = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:])
    assert first == ["nginx alone", "", "1000", "2.0", "2.0", "2.0", "0", "100.0%", "", ""]
    assert second == ["mints", "2", "8", "50.5", "96.0", "100.0", "20", "0.8%", "10.0%", "100, 101"]
