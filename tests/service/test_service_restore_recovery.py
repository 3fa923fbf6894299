"""What the drill compares, after a real recovery of Postgres to a point in time from a base backup and archived WAL."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import pytest
from mint_parts import new_key
from pydantic import SecretStr
from service_servers import PASSWORD, POSTGRES_USER, Postgres, free_port, postgres_program, stop
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.migrate import migrate
from web4_identity.db.verify import verify_ledger
from web4_identity.restore.archive import archive_commit, clock
from web4_identity.restore.registry import EVERYTHING, contents

pytestmark = pytest.mark.unit


@pytest.fixture
def archiving() -> Iterator[Postgres]:
    """A server that archives its WAL beside its data, with a base backup of before anything was in it."""
    server = Postgres(archive_mode="on", archive_command="cp %p ../%f", wal_level="replica")
    backup = [postgres_program("pg_basebackup"), f"--pgdata={server.folder / 'copy'}", "--checkpoint=fast"]
    where = ["--host=127.0.0.1", f"--port={server.port}", "--username=owner"]
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run([*backup, *where], check=True, env=environment, cwd=server.folder, **POSTGRES_USER)
    yield server
    server.close()


@asynccontextmanager
async def recovered(server: Postgres, moment: datetime) -> AsyncIterator[Database]:
    """A database of a second server, made from the backup and the archive, as it was at `moment`."""
    copy, port = server.folder / "copy", free_port()
    (copy / "recovery.signal").touch()
    options = {
        "port": port,
        "unix_socket_directories": server.folder,
        "restore_command": f"cp {server.folder}/%f %p",
        "recovery_target_time": moment.isoformat(),
        "recovery_target_action": "promote",
        "archive_mode": "off",
        "track_commit_timestamp": "on",
    }
    flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
    with (server.folder / "recovery.log").open("ab") as log:
        process = subprocess.Popen(
            [postgres_program("postgres"), "-D", copy, *flags],
            stdout=log,
            stderr=log,
            cwd=server.folder,
            **POSTGRES_USER,
        )
    database = Database(SecretStr(server.url("postgres", port=port)), 1)
    try:
        async with asyncio.timeout(30):
            while not await _promoted(server, port):
                assert process.poll() is None, (server.folder / "recovery.log").read_text()
                await asyncio.sleep(0.1)
        yield database
    finally:
        await database.close()
        stop(process)


async def _promoted(server: Postgres, port: int) -> bool:
    try:
        (row,) = await server.run("SELECT pg_is_in_recovery()", port=port)
    except (OSError, asyncpg.PostgresError):
        return False
    return not row[0]


async def found(database: Database, name: str) -> None:
    key = new_key().public_key
    await found_society(database, name=name, founder_public_key=key, grant=100, founder_funds=1000, pool_funds=1000)


async def test_what_is_recovered_is_what_was_committed_by_then(archiving: Postgres) -> None:
    url = SecretStr(archiving.url("postgres"))
    await migrate(url, wait_seconds=5)
    database = Database(url, 5)
    await found(database, "kept")
    # Begun before the time and committed after it.
    slow = await asyncpg.connect(archiving.url("postgres"))
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(
        "INSERT INTO audit_entries (created_at, actor, action, subject, detail)"
        " SELECT now(), NULL, 'mint', lct_id, '{}' FROM lcts LIMIT 1"
    )
    moment = await clock(database)
    await transaction.commit()
    await slow.close()
    await found(database, "left-out")
    archived = asyncio.create_task(archive_commit(database, seconds=30))
    while not archived.done():
        await archiving.run("SELECT pg_switch_wal()")
        await asyncio.sleep(0.2)
    await archived
    held = await contents(database, moment)
    now = await contents(database, EVERYTHING)
    await database.close()
    async with recovered(archiving, moment) as restored:
        assert await contents(restored, EVERYTHING) == held != now
        assert (await verify_ledger(restored))[0] == []
    assert held.rows["societies"] == 1 and now.rows["societies"] == 2
