"""What a connection may cost a server process: bytes of headers, time for them, and how many there may be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fixture_types import Serve

pytestmark = pytest.mark.unit

Connect = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

ABSENT = "/v1/lct/lct:web4:absent"
START = b"GET /livez HTTP/1.1\r\nHost: service\r\n"


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """await connect(port, bytes) opens a connection, sends the bytes and gives (reader, writer)."""
    opened = []

    async def make(port: int, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
        writer.write(sent)
        await writer.drain()
        return reader, writer

    yield make
    for writer in opened:
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that still comes until the server closes the connection."""
    with contextlib.suppress(ConnectionError):
        return await reader.read()
    return b""


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send a header a byte at a time, which no idle timeout sees, until the server closes the connection."""
    with contextlib.suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.2)


async def test_no_connection_is_held_by_silence_or_by_slow_headers(
    env: dict[str, str], serve: Serve, connect: Connect
) -> None:
    _, port, _ = serve(env)
    silent, _ = await connect(port)
    idle, _ = await connect(port, START + b"\r\n")
    reader, writer = await connect(port, START + b"X-Slow: ")
    kept, kept_writer = await connect(port, START + b"\r\n")
    assert (await kept.readline()).startswith(b"HTTP/1.1 200")
    await kept.readuntil(b'"alive"}')
    kept_writer.write(START + b"X-Slow: ")
    async with asyncio.timeout(60):
        answered, *ends = await asyncio.gather(
            rest(idle), rest(silent), rest(reader), rest(kept), drip(writer), drip(kept_writer)
        )
    assert answered.startswith(b"HTTP/1.1 200") and ends[:3] == [b"", b"", b""]
    assert httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200


async def test_headers_that_never_end_are_refused_before_they_fill_the_memory(
    env: dict[str, str], serve: Serve, connect: Connect
) -> None:
    _, port, log = serve(env)
    reader, writer = await connect(port, START)
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 50 * 2**20 and not reader.at_eof():
            writer.write(b"X-Long: " + b"a" * 4088)
            await writer.drain()
            await asyncio.sleep(0)
            sent += 4096
    assert sent < 10 * 2**20
    # One read of the server holds all of these, one does not.
    for size, statuses in ((15_000, {200}), (300_000, {400})):
        reader, _ = await connect(port, START + b"X-Long: " + b"a" * size + b"\r\n\r\n")
        status = int((await reader.readline()).split()[1])
        assert status in statuses, size
    assert "Traceback" not in log.read_text()


async def test_over_the_limit_of_connections_requests_get_a_problem_and_probes_an_answer(
    env: dict[str, str], serve: Serve, connect: Connect
) -> None:
    _, port, _ = serve({**env, "MAX_CONNECTIONS": "5"})
    url = f"http://127.0.0.1:{port}"
    held = [await connect(port, START) for _ in range(4)]
    async with httpx.AsyncClient(base_url=url) as client:
        # The fifth, and it is answered.
        assert (await client.get(ABSENT)).status_code == 404
        held.append(await connect(port, START))
        refused = await client.get(ABSENT)
        assert (refused.status_code, refused.json()["code"]) == (503, "W4_ERR_UNAVAILABLE")
        assert refused.headers["content-type"] == "application/problem+json"
        assert (refused.headers["connection"], refused.headers["retry-after"]) == ("close", "1")
        for probe in ("/livez", "/readyz", "/health"):
            assert (await client.get(probe)).status_code == 200
        labels = 'method="GET",route="/v1/lct/{lct_id}",status_class="5xx"'
        counted = (await client.get("/metrics")).text
        assert f"web4_identity_http_request_duration_seconds_count{{{labels}}} 1.0" in counted
        for _, writer in held:
            writer.close()
        async with asyncio.timeout(20):
            while (await client.get(ABSENT)).status_code != 404:
                await asyncio.sleep(0.1)
