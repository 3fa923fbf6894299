"""The service's role in Postgres does all that the service does and no more; the readers' role reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from app_fixtures import SOCIETY
from fixture_types import Ledger, NewKey, Order, Sql, Start
from mint_parts import Key
from pydantic import SecretStr
from service_servers import PASSWORD, Postgres
from web4_identity.db.engine import Database, DatabaseUnavailable
from web4_identity.db.migrate import migrate
from web4_identity.db.rights import APP, READER
from web4_identity.db.tables import metadata
from web4_identity.db.verify import verify_ledger
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.housekeeping import check, purge
from web4_identity.resources import Resources
from web4_identity.settings import load_settings
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

RunAs = Callable[[str, str], Awaitable[list[Any]]]

MINT = "/v1/lct/mint"


def url_of(role: str, postgres: Postgres, name: str) -> str:
    return postgres.url(name).replace("owner:", f"{role}:")


async def drop(postgres: Postgres, name: str, role: str) -> None:
    await postgres.run(f"DROP OWNED BY {role}", name)
    await postgres.run(f"DROP ROLE {role}")


@pytest.fixture
async def roles(postgres: Postgres, database_name: str) -> AsyncIterator[None]:
    """Both roles, and their rights in this test's database, which had been migrated without them."""
    for role in (APP, READER):
        await postgres.run(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    await migrate(SecretStr(postgres.url(database_name)), wait_seconds=0, roles=(APP, READER))
    yield
    for role in (APP, READER):
        await drop(postgres, database_name, role)


@pytest.fixture
def env(env: dict[str, str], roles: None, postgres: Postgres, database_name: str) -> dict[str, str]:
    """A service that logs in as its own role."""
    return {**env, "DATABASE_URL": url_of(APP, postgres, database_name)}


@pytest.fixture
def run_as(roles: None, postgres: Postgres, database_name: str) -> RunAs:
    """run_as(role, statement) runs it on this test's database."""

    async def run(role: str, statement: str) -> list[Any]:
        connection = await asyncpg.connect(url_of(role, postgres, database_name))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    return run


async def test_the_service_does_all_it_does(
    start: Start, env: dict[str, str], founder: Key, new_key: NewKey, order: Order, ledger: Ledger, database: Database
) -> None:
    witnesses, device, sealed = [founder, new_key(), new_key()], new_key(), new_key()
    async with start(OPERATOR_LCT_IDS=founder.lct_id) as client:
        assert (await client.get("/readyz")).status_code == 200
        for key in (*witnesses[1:], device):
            assert (await client.post(MINT, json=order(public_key=key.public_key))).status_code == 201
        body, headers = order(entity_type="human", witnesses=witnesses), {"Idempotency-Key": "once"}
        assert (await client.post(MINT, json=body, headers=headers)).status_code == 201
        assert (await client.post(MINT, json=body, headers=headers)).status_code == 201, "a repeat"
        reason = {"reason": "lost"}
        revoked = await client.post(f"/v1/lct/{device.lct_id}/revoke", json=reason, auth=PayerAuth(device.private))
        assert revoked.status_code == 200, revoked.text
        standing = {"talent": 0.9, "training": 0.8, "temperament": 1, "actions": 50}
        for _ in ("set", "set again"):
            answer = await client.put(f"/v1/witnesses/{witnesses[1].lct_id}/standing", json=standing)
            assert answer.is_success, answer.text
        proof = prove_binding(sealed.private, EntityType.ORGANIZATION)
        founding = {"name": "hestia", "founder_public_key": sealed.public_key, "binding_proof": proof}
        assert (await client.post("/v1/societies", json=founding)).status_code == 201
        assert len((await client.get("/v1/lct", params={"society": SOCIETY})).json()["data"]) == 5
        for path in (f"/v1/lct/{device.lct_id}", f"/v1/atp/{founder.lct_id}", "/v1/societies/hestia"):
            assert (await client.get(path)).status_code == 200, path
    assert await ledger.violations() == []


async def test_housekeeping_does_all_it_does(
    start: Start, env: dict[str, str], founder: Key, order: Order, ledger: Ledger, sql: Sql
) -> None:
    async with start() as client:
        assert (await client.post(MINT, json=order(), headers={"Idempotency-Key": "old"})).status_code == 201
    await sql(f"UPDATE idempotency SET created_at = '{datetime.now(UTC) - timedelta(days=400)}'")
    resources = Resources.build(load_settings(**env))
    try:
        await check(resources)
        assert await purge(resources) == 1
        assert (await verify_ledger(resources.database))[0] == []
    finally:
        await resources.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE lcts ADD COLUMN mine int",
        "DROP TABLE standing",
        "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
        "UPDATE ledger_entries SET amount = 1",
        "DELETE FROM ledger_entries",
        "UPDATE audit_entries SET actor = NULL",
        "DELETE FROM audit_entries",
        "DELETE FROM lcts",
        "UPDATE lcts SET public_key = 'z6Mk'",
        "UPDATE lcts SET binding_proof = NULL",
        "UPDATE accounts SET lct_id = NULL",
        "UPDATE societies SET founder = 'lct:web4:me'",
        "UPDATE idempotency SET answer = '{}'",
        "DELETE FROM attestations",
        "UPDATE alembic_version SET version_num = '0001'",
        *(f"TRUNCATE {name} CASCADE" for name in metadata.tables),
    ],
)
async def test_the_service_can_take_nothing_back(run_as: RunAs, founder: Key, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run_as(APP, statement)


@pytest.mark.parametrize("name", metadata.tables)
async def test_readers_read_every_table_and_change_none(run_as: RunAs, founder: Key, name: str) -> None:
    await run_as(READER, f"SELECT * FROM {name}")
    for statement in (f"DELETE FROM {name}", f"INSERT INTO {name} DEFAULT VALUES", f"TRUNCATE {name} CASCADE"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run_as(READER, statement)


@pytest.mark.parametrize("name", metadata.tables)
async def test_the_service_may_add_to_every_table_that_it_has(run_as: RunAs, name: str) -> None:
    for right in ("SELECT", "INSERT"):
        granted = await run_as(APP, f"SELECT has_table_privilege('{APP}', '{name}', '{right}')")
        assert granted[0][0], f"{name} lacks {right} in web4_identity/db/rights.py"


async def test_a_role_that_is_not_there_yet_is_waited_for(empty_database_url: str, postgres: Postgres) -> None:
    url, name = SecretStr(empty_database_url), empty_database_url.rpartition("/")[2]
    with pytest.raises(DatabaseUnavailable, match=f"it has no role {APP}; make it, or leave out --wait-for-role"):
        await migrate(url, wait_seconds=0, roles=(APP,))
    waiting = asyncio.create_task(migrate(url, wait_seconds=30, roles=(APP,)))
    await asyncio.sleep(0.3)
    await postgres.run(f"CREATE ROLE {APP}")
    try:
        await waiting
        granted = await postgres.run(f"SELECT has_table_privilege('{APP}', 'lcts', 'INSERT')", name)
        assert granted[0][0]
    finally:
        await drop(postgres, name, APP)


async def test_a_role_without_rights_is_told_so(postgres: Postgres, empty_database_url: str) -> None:
    name = empty_database_url.rpartition("/")[2]
    await migrate(SecretStr(empty_database_url), wait_seconds=0)
    await postgres.run(f"CREATE ROLE {APP} LOGIN PASSWORD '{PASSWORD}'")
    opened = Database(SecretStr(url_of(APP, postgres, name)), 1)
    try:
        with pytest.raises(DatabaseUnavailable, match="permission denied for table") as caught:
            await verify_ledger(opened)
        assert "`web4-identity migrate`" in str(caught.value) and not caught.value.passing
    finally:
        await opened.close()
        await postgres.run(f"DROP ROLE {APP}")


async def test_a_password_may_change_under_a_running_service(
    start: Start, env: dict[str, str], postgres: Postgres, roles: None
) -> None:
    """The role has one password at a time, so the pods know the next one before it, and the last one after it."""
    url = env["DATABASE_URL"]

    async def becomes(password: str) -> None:
        await postgres.run(f"ALTER ROLE {APP} PASSWORD '{password}'")
        # Whatever is pooled is closed, so that a new connection is wanted. The number is how long to wait for each.
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1"
        connection = await asyncpg.connect(postgres.url("postgres"))
        assert {row[0] for row in await connection.fetch(ended, APP)} <= {True}
        await connection.close()

    async with start(DATABASE_URL=url, DATABASE_OTHER_PASSWORD="the next") as client:
        for password in (PASSWORD, "the next", PASSWORD):
            await becomes(password)
            assert (await client.get("/readyz")).status_code == 200, password
        await becomes("neither")
        assert (await client.get("/readyz")).status_code == 503
    await becomes(PASSWORD)
