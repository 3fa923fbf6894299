"""Fixtures: an app on a database and an empty Redis of its own, its client, mints, and what a refused one leaves."""

import itertools
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fixture_types import Body, JoinRelay, Ledger, NewKey, Order, Problem, Sample, Serve, Start, Testimonies
from mint_parts import Key, new_key, proof_of, testimonies
from service_servers import RedisServer, Relay, Service, stop
from sqlalchemy import RowMapping, select
from web4_identity.app import create_app
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.tables import metadata
from web4_identity.db.verify import verify_ledger
from web4_identity.settings import Settings, load_settings
from web4_identity.signature import PayerAuth

SOCIETY = "commons"
CLIENT = ("203.0.113.9", 40000)
SERVICE = "http://service:8001"

# The same in every test, so that every client can sign with it.
FOUNDER = new_key(seed=bytes([9]) * 32)


@pytest.fixture(name="new_key")
def given_new_key() -> NewKey:
    return new_key


@pytest.fixture
def env(backend: str, redis_server: RedisServer, database_url: str) -> dict[str, str]:
    """The environment of a service on this test's database and on an empty Redis."""
    redis_server.client.flushall()
    return {
        "DATABASE_URL": database_url,
        # A service on its own has neither Postgres nor Redis.
        "RATE_LIMIT_STORE": "memory" if backend == "sqlite" else "redis",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_server.port),
        "RATE_LIMIT_MAX_REQUESTS_PER_IP": "100000",
        "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "1000",
        # Whoever is registered may witness, except where a test says otherwise.
        "MIN_WITNESS_AGE_DAYS": "0",
        "MIN_WITNESS_ACTIONS": "0",
        # Where nothing balances load, a drain only makes the end of a test slow.
        "SHUTDOWN_DRAIN_SECONDS": "0",
    }


@pytest.fixture
def start(env: dict[str, str]) -> Start:
    """An async context manager: start(NAME="value", ...) runs the app in this process and gives its client.

    The client signs as the founder; auth=None sends a request unsigned, auth=PayerAuth(key) as another payer.
    """

    @asynccontextmanager
    async def run(**changes: str) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(load_settings(**{**env, **changes}))
        transport = httpx.ASGITransport(app=app, client=CLIENT)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=SERVICE, auth=PayerAuth(FOUNDER.private)) as client,
        ):
            yield client

    return run


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """serve(env) starts a server process and gives (process, port, path of its log)."""
    started = []

    def run(env: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], int, Path]:
        service = Service(env, tmp_path)
        started.append(service.process)
        return service.process, service.port, service.log

    yield run
    for process in started:
        stop(process)


@pytest.fixture
async def client(start: Start, founder: Key) -> AsyncIterator[httpx.AsyncClient]:
    async with start() as opened:
        yield opened


@pytest.fixture
async def founder(database: Database) -> Key:
    """The founder's key of a society with plenty of ATP."""
    await found_society(
        database,
        name=SOCIETY,
        founder_public_key=FOUNDER.public_key,
        grant=10_000,
        founder_funds=10**9,
        pool_funds=10**9,
    )
    return FOUNDER


@pytest.fixture(name="testimonies")
def given_testimonies() -> Testimonies:
    return testimonies


@pytest.fixture
def order(founder: Key) -> Order:
    """order(field=value, ...) is the body of a mint that would succeed, with these fields changed.

    The binding proof is made with the key of the public_key, and each of `witnesses`, which are keys, attests.
    """
    numbers = itertools.count()

    def make(**changes: Any) -> Body:
        body: Body = {
            "caller_lct_id": founder.lct_id,
            "entity_type": "device",
            "entity_identifier": f"sensor-{next(numbers)}",
            "society": SOCIETY,
            "public_key": new_key().public_key,
        }
        body = {**body, **changes}
        body["witnesses"] = testimonies(body, body.get("witnesses", []))
        body.setdefault("binding_proof", proof_of(body))
        return {name: value for name, value in body.items() if value is not None}

    return make


@pytest.fixture
def ledger(database: Database) -> Ledger:
    """Look at the database: everything in it, and what the verifier says."""

    async def everything() -> dict[str, Sequence[RowMapping]]:
        async with database.reading() as connection:
            queries = {name: select(table).order_by(*table.primary_key) for name, table in metadata.tables.items()}
            return {name: (await connection.execute(query)).mappings().all() for name, query in queries.items()}

    async def violations() -> list[str]:
        return (await verify_ledger(database))[0]

    return Ledger(everything, violations)


@pytest.fixture
def refused(ledger: Ledger) -> Problem:
    """refused(coroutine, status, code) awaits an answer that must be this problem and leave all as it was."""

    async def check(sending: Awaitable[httpx.Response], status: int, code: str) -> Body:
        before = await ledger.everything()
        answer = await sending
        problem: Body = answer.json()
        assert (answer.status_code, problem["code"]) == (status, f"W4_ERR_{code}"), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert await ledger.everything() == before
        return problem

    return check


@pytest.fixture
def unproved(client: httpx.AsyncClient, order: Order, ledger: Ledger, sample: Sample) -> Problem:
    """unproved(auth, code, ...) sends a mint that must fail, leave all as it was, and be counted by its reason."""

    async def check(
        auth: httpx.Auth | None, code: str, status: int = 401, body: Body | None = None, **request: Any
    ) -> Body:
        before = await ledger.everything()
        sent = {"json": order() if body is None else body, **request}
        answer = await client.request("POST", "/v1/lct/mint", auth=auth, **sent)
        problem: Body = answer.json()
        assert (answer.status_code, problem["code"]) == (status, f"W4_ERR_{code}"), problem
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == status and problem["title"] and problem["detail"]
        assert ("www-authenticate" in answer.headers) == (status == 401)
        assert await ledger.everything() == before
        assert await sample(f'web4_identity_lct_mint_rejected_total{{reason="{code.lower()}"}}') == 1
        return problem

    return check


@pytest.fixture
def unwitnessed(client: httpx.AsyncClient, ledger: Ledger) -> Problem:
    """unwitnessed(body, code) sends a mint that must fail with 409 and leave all as it was, and gives the problem."""

    async def check(body: Body, code: str, by: httpx.AsyncClient = client) -> Body:
        before = await ledger.everything()
        answer = await by.post("/v1/lct/mint", json=body)
        problem: Body = answer.json()
        assert (answer.status_code, problem["code"]) == (409, f"W4_ERR_WITNESS_{code}"), problem
        assert await ledger.everything() == before
        return problem

    return check


@pytest.fixture
async def relay() -> AsyncIterator[JoinRelay]:
    """relay(port, tls=None) gives a joined Relay to it."""
    relays = []

    async def make(target: int, tls: ssl.SSLContext | None = None) -> Relay:
        made = Relay(target, tls)
        await made.join()
        relays.append(made)
        return made

    yield make
    for made in relays:
        await made.cut()


@pytest.fixture
def sample(client: httpx.AsyncClient) -> Sample:
    """sample(client_or_None, text) is the value of one /metrics line, None when the series does not exist."""

    async def read(series: str, of: httpx.AsyncClient = client) -> float | None:
        for line in (await of.get("/metrics")).text.splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return None

    return read


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches the service."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.setenv("WEB4_IDENTITY_CONFIG", "")
