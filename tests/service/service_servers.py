"""Real Postgres and Redis for the tests: child processes on free loopback ports, with files under /tmp."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypedDict

import asyncpg
import httpx
import pytest
from redis import Redis
from redis.exceptions import RedisError

PASSWORD = "unit-test-password"
# What the service's processes get of this one's environment: no setting of whoever runs the tests.
INHERITED = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")}


class Account(TypedDict, total=False):
    """Whom a process runs as, in the words of subprocess; nothing of it is whoever runs the tests."""

    user: str
    group: str
    extra_groups: list[str]


# Postgres refuses to run as root, so a root test run hands it to the account its package made.
POSTGRES_USER: Account = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def binary(name: str, package: str, *folders: Path) -> str:
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.fail(f"{name} is not installed; these tests need it (Debian: apt-get install {package})", pytrace=False)
    return found


def wait_for(check: Callable[[], bool], what: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until check() is true; fail when it is not in time or the process has ended, leaving no process behind."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline or process.poll() is not None:
            stop(process, signal.SIGINT)
            pytest.fail(f"{what} did not come up within {seconds} s (exit code {process.returncode})", pytrace=False)
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
    """Stop one process that we started, by its own pid, and give its exit code."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


class Service:
    """`web4-identity serve` as a process of its own on a free port; what it writes is in `log`.

    The statements `before` run in it first.
    """

    def __init__(self, env: Mapping[str, str], folder: Path, before: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"
        place = {"WEB4_IDENTITY_HOST": "127.0.0.1", "WEB4_IDENTITY_PORT": str(self.port)}
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{before}\nfrom web4_identity.cli import main; main()", "serve"],
                env={**INHERITED, **env, **place},
                stdout=out,
                stderr=out,
            )
        wait_for(self._answers, "web4-identity serve", self.process)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/livez").status_code == 200
        return False


def postgres_program(name: str) -> str:
    """The path of a program of Postgres's, the newest there is."""
    return binary(name, "postgresql", *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))


class Postgres:
    def __init__(self, parent: str | None = None, **settings: str | int) -> None:
        """Start a server; `parent` is the folder for its files, `settings` are server parameters in place of ours."""
        initdb, server = postgres_program("initdb"), postgres_program("postgres")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="web4-pg-", dir=parent))
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if POSTGRES_USER:
            shutil.chown(self.folder, "postgres", "postgres")
            shutil.chown(secret, "postgres", "postgres")
        data = self.folder / "data"
        command: list[str | Path] = [
            initdb,
            "-D",
            data,
            "-U",
            "owner",
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "-E",
            "UTF8",
        ]
        subprocess.run([*command, "--no-sync"], check=True, capture_output=True, cwd=self.folder, **POSTGRES_USER)
        options: dict[str, str | int | Path] = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "max_connections": 60,
            "shared_buffers": "32MB",
            "track_commit_timestamp": "on",  # as in the cluster, for what the restore drill asks
            **settings,
        }
        flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        self._command: list[str | Path] = [server, "-D", data, *flags]
        self._start()

    def _start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self.folder, **POSTGRES_USER)
        wait_for(self._answers, "postgres", self.process)

    def restart(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server (SIGINT as an operator does, SIGQUIT as a crash) and start it again on its port."""
        stop(self.process, number)
        self._start()

    def url(self, database: str, *, port: int | None = None, password: str = PASSWORD) -> str:
        return f"postgresql://owner:{password}@127.0.0.1:{port or self.port}/{database}"

    async def run(self, statement: str, database: str = "postgres", *, port: int | None = None) -> list[Any]:
        connection = await asyncpg.connect(self.url(database, port=port))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            asyncio.run(self.run("SELECT 1"))
            return True
        return False

    def close(self) -> None:
        # SIGINT is Postgres's fast shutdown: it drops its clients instead of waiting for them.
        stop(self.process, signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


class RedisServer:
    def __init__(self, password: str = "") -> None:
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="web4-redis-")
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.folder]
        options += ["--requirepass", password] if password else []
        self.command = [binary("redis-server", "redis-server"), "--port", str(self.port), *options]
        self.client = Redis(port=self.port, password=password or None)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, "redis-server", self.process)

    def stop(self) -> None:
        stop(self.process)

    def _answers(self) -> bool:
        with contextlib.suppress(RedisError):
            return bool(self.client.ping())
        return False

    def close(self) -> None:
        self.client.close()
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


class Relay:
    """A TCP relay to a port: cut() drops and refuses connections, join() serves again on the same port.

    With an SSL context it speaks TLS to its clients and plain TCP to the target, as an edge does.
    """

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        self.target = target
        self.tls = tls
        self.port = free_port()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def join(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            self._server = None
            await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
