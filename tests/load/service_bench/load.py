"""Send prepared requests over a fixed number of kept connections, and time each answer. A process of its own."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import httptools
import uvloop


@dataclass
class Sent:
    """What came of it: status -> number, seconds of each answer, and seconds from first to last."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0


def send(port: int, connections: int, seconds: float, requests: Iterable[bytes]) -> Sent:
    """Send `requests` for so many `seconds`, or until none is left; each connection has one under way."""
    return uvloop.run(_send(port, connections, seconds, requests))


async def _send(port: int, connections: int, seconds: float, requests: Iterable[bytes]) -> Sent:
    sent, waiting = Sent(), iter(requests)
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    started = time.perf_counter()
    await asyncio.gather(*(_one_by_one(*each, waiting, started + seconds, sent) for each in opened))
    sent.seconds = time.perf_counter() - started
    return sent


async def _one_by_one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, waiting: Iterator[bytes], deadline: float, sent: Sent
) -> None:
    answer = Answer()
    for request in waiting:
        began = time.perf_counter()
        if began > deadline:
            break
        writer.write(request)
        await answer.read(reader)
        sent.latencies.append(time.perf_counter() - began)
        sent.statuses[answer.status] += 1
    writer.close()


class Answer:
    """The answers of one connection, one after the other."""

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Read the next one; its status is in `status` then. Raises ConnectionError when there is none."""
        self._complete, parser = False, httptools.HttpResponseParser(self)
        while not self._complete:
            data = await reader.read(65536)
            if not data:
                raise ConnectionError("the service closed a connection")
            parser.feed_data(data)
        self.status = parser.get_status_code()

    def on_message_complete(self) -> None:
        self._complete = True
