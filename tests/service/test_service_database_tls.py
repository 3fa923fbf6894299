"""The way to Postgres in TLS: the server is verified as libpq's variables say, which asyncpg reads."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from service_servers import POSTGRES_USER, Postgres
from sqlalchemy import text
from web4_identity.db.engine import Database, DatabaseUnavailable

from local import pki

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Path]]:
    """A Postgres with a certificate for 127.0.0.1, and the CA that signed it."""
    folder = tmp_path_factory.mktemp("pki")
    ca = pki.authority(folder, "ca")
    certificate, key = pki.issue(ca, folder, "server", "127.0.0.1", names=("127.0.0.1",))
    made = Postgres()
    for source, name in ((certificate, "ssl_cert_file"), (key, "ssl_key_file")):
        copy = shutil.copy(source, made.folder)
        if POSTGRES_USER:
            shutil.chown(copy, "postgres", "postgres")
        asyncio.run(made.run(f"ALTER SYSTEM SET {name} = '{copy}'"))
    asyncio.run(made.run("ALTER SYSTEM SET ssl = on"))
    made.restart()
    yield made, ca.certificate
    made.close()


async def encrypted(url: str) -> bool:
    """Whether a connection of the service's is."""
    database = Database(SecretStr(url), 1)
    try:
        async with database.reading() as connection:
            query = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            return bool((await connection.execute(query)).scalar_one())
    finally:
        await database.close()


async def test_the_servers_certificate_is_its_cas(
    server: tuple[Postgres, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, ca = server
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(ca))
    assert await encrypted(made.url("postgres")) is True


async def test_another_cas_server_gets_no_password(
    server: tuple[Postgres, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(pki.authority(tmp_path, "other").certificate))
    with pytest.raises(DatabaseUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await encrypted(server[0].url("postgres"))


async def test_a_certificate_for_another_name_is_refused(
    server: tuple[Postgres, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, ca = server
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(ca))
    with pytest.raises(DatabaseUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await encrypted(made.url("postgres").replace("127.0.0.1", "localhost"))


async def test_a_server_without_tls_is_refused(
    postgres: Postgres, server: tuple[Postgres, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(server[1]))
    with pytest.raises(DatabaseUnavailable, match="SSL"):
        await encrypted(postgres.url("postgres"))
