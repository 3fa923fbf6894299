"""Send prepared requests through the TLS edge from many addresses, and time each answer."""

import asyncio
import ssl
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import uvloop
from service_bench.load import Answer, Sent

from bench.addresses import REQUESTS_EACH

CLIENTS = 16
PATIENCE_SECONDS = 30
NO_ANSWER = 0


@dataclass
class Load(Sent):
    """What came of it, and the CPU seconds that sending took, of the same cores."""

    cpu: float = 0.0
    opening: list[float] = field(default_factory=list)
    """Seconds of each TCP connection and TLS handshake."""


def send(
    edge: tuple[str, int], trust: ssl.SSLContext, own: Iterator[str], requests: Iterable[bytes], seconds: float
) -> Load:
    """Send for so many `seconds`, or until no request is left: CLIENTS at a time, each waiting for its answer.

    Args:
        edge: its address and port.
        trust: whose certificates are believed.
        own: addresses to send from; a connection takes the next one, and is closed after REQUESTS_EACH.
        requests: as bytes on the wire. Status NO_ANSWER is counted for one whose connection was lost.
        seconds: after which no more is sent.
    """
    load, began = Load(), time.process_time()
    uvloop.run(asyncio.wait_for(_send(edge, trust, own, iter(requests), seconds, load), seconds + PATIENCE_SECONDS))
    load.cpu = time.process_time() - began
    return load


async def _send(
    edge: tuple[str, int],
    trust: ssl.SSLContext,
    own: Iterator[str],
    waiting: Iterator[bytes],
    seconds: float,
    load: Load,
) -> None:
    started = time.perf_counter()
    deadline = started + seconds

    async def client() -> None:
        # A request is taken before a connection is opened, so that none is opened for nothing.
        while time.perf_counter() < deadline and (turn := list(islice(waiting, REQUESTS_EACH))):
            await _one_connection(edge, trust, next(own), turn, deadline, load)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    load.seconds = time.perf_counter() - started


async def _one_connection(
    edge: tuple[str, int], trust: ssl.SSLContext, address: str, turn: list[bytes], deadline: float, load: Load
) -> None:
    opened = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection(*edge, ssl=trust, local_addr=(address, 0))
    except OSError:
        load.statuses[NO_ANSWER] += 1
        return
    load.opening.append(time.perf_counter() - opened)
    answer = Answer()
    try:
        for request in turn:
            began = time.perf_counter()
            if began > deadline:
                return
            writer.write(request)
            await answer.read(reader)
            load.latencies.append(time.perf_counter() - began)
            load.statuses[answer.status] += 1
    except OSError:
        load.statuses[NO_ANSWER] += 1
    finally:
        writer.close()
