"""How a server process stops: it says so first, goes on answering, and loses no request it took."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Sized
from typing import Any

import httpx
import pytest
from fixture_types import Ledger, Order, Serve
from mint_parts import Key
from service_servers import stop
from sqlalchemy import text
from web4_identity.db.engine import Database
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

Connect = Callable[[int], httpx.AsyncClient]


async def state(client: httpx.AsyncClient) -> tuple[int, str]:
    """What /readyz says: (HTTP status, state)."""
    answer = await client.get("/readyz")
    return answer.status_code, answer.json()["status"]


async def until(reached: Callable[..., Awaitable[bool]], *arguments: Any) -> None:
    """Wait until `await reached(*arguments)` is true."""
    async with asyncio.timeout(20):
        while not await reached(*arguments):
            await asyncio.sleep(0.05)


@pytest.fixture
def connect(founder: Key) -> Connect:
    """connect(port) is a client that signs as the founder."""

    def make(port: int) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, auth=PayerAuth(founder.private))

    return make


async def test_no_request_is_lost_when_sigterm_meets_a_stream_of_them(
    env: dict[str, str], serve: Serve, database: Database, order: Order, connect: Connect, ledger: Ledger
) -> None:
    process, port, log = serve({**env, "SHUTDOWN_DRAIN_SECONDS": "2", "DB_POOL_SIZE": "10"})
    before = await ledger.everything()
    async with connect(port) as client, connect(port) as slow, database.transaction() as holder:
        taken_away = asyncio.Event()
        statuses = []

        async def balancer() -> None:
            """Take the server out of use when it is not ready, as an endpoint list or a load balancer does."""
            await until(not_ready, client)
            taken_away.set()

        async def stream() -> None:
            while not taken_away.is_set():
                statuses.append((await client.post("/v1/lct/mint", json=order())).status_code)

        async def read() -> None:
            while not taken_away.is_set():
                statuses.append((await client.get("/v1/lct/lct:web4:absent")).status_code)

        clients = [asyncio.create_task(work()) for work in (stream, read, read, balancer)]
        await until(lambda: at_least(statuses, 20))
        # From here mints wait for the database, and are still waiting after the drain.
        await holder.execute(text("SELECT 1 FROM societies FOR UPDATE"))
        waiting = [asyncio.create_task(slow.post("/v1/lct/mint", json=order())) for _ in range(4)]
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        await taken_away.wait()
        assert await state(client) == (503, "draining")
        assert (await client.get("/livez")).status_code == 200
        late = await client.get("/v1/lct/lct:web4:absent")
        assert (late.status_code, late.headers["connection"]) == (404, "close")
        await until(refuses, port)
        assert not any(each.done() for each in waiting) and process.poll() is None
        await holder.rollback()
        answers = await asyncio.gather(*waiting)
        await asyncio.gather(*clients)
    assert await asyncio.to_thread(process.wait, 20) == 0
    assert [answer.status_code for answer in answers] == [201] * 4
    assert set(statuses) == {201, 404}
    minted = len((await ledger.everything())["lcts"]) - len(before["lcts"])
    assert minted == statuses.count(201) + 4
    assert await ledger.violations() == []
    assert '"event": "stopped"' in log.read_text() and "Traceback" not in log.read_text()


async def not_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code != 200


async def at_least(found: Sized, number: int) -> bool:
    return len(found) >= number


async def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_skips_the_drain(
    env: dict[str, str], serve: Serve, connect: Connect, second: signal.Signals
) -> None:
    process, port, _ = serve({**env, "SHUTDOWN_DRAIN_SECONDS": "60"})
    async with connect(port) as client:
        process.send_signal(signal.SIGTERM)
        await until(not_ready, client)
        assert await state(client) == (503, "draining")
    assert await asyncio.to_thread(stop, process, second) == 0


async def test_sigint_and_a_drain_of_nothing_stop_at_once(env: dict[str, str], serve: Serve) -> None:
    started = [serve({**env, "SHUTDOWN_DRAIN_SECONDS": "60"}), serve({**env, "SHUTDOWN_DRAIN_SECONDS": "0"})]
    for (process, _, log), number in zip(started, (signal.SIGINT, signal.SIGTERM), strict=True):
        assert await asyncio.to_thread(stop, process, number) == 0
        assert '"event": "stopped"' in log.read_text()
