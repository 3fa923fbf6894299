"""Clients that hold connections for nothing: the others are answered meanwhile, and the time limits end them.

SLOW_CLIENTS=9800 opens so many (`make fuzz`); without it as many as the machine's default limit of files allows.
"""

import os
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from infra_nginx import Ports, replaced, running, serving, write_conf
from infra_ports import free_ports
from infra_upstream import Upstream

from infra.settings import EdgeRateLimit

pytestmark = [pytest.mark.infra, pytest.mark.tools]

PORTS = Ports(*free_ports(3))
NUMBER = int(os.environ.get("SLOW_CLIENTS") or 2500)
MOST_MB = 400
"""What they may cost nginx; its container's limit is 512 MiB, of which the firewall's rules take 45 MB."""
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE
HALF_A_REQUEST = b"GET /health HTTP/1.1\r\nHost: identity.web4.example.com\r\nX-Slow: "


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Path]:
    """Running with the rendered limits, but for how many requests an address may make; the folder it is in."""
    conf = write_conf(tmp_path, PORTS, EdgeRateLimit(rate="1000r/s", burst=1000))
    # Of 10 s, so that the test need not wait as long.
    conf.write_text(replaced(conf.read_text(), {"client_header_timeout 10s": "client_header_timeout 8s"}))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with serving(Upstream, PORTS.upstream), running(conf, PORTS):
        yield tmp_path
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def silent(connection: socket.socket) -> socket.socket:
    return connection


def greeted(connection: socket.socket) -> socket.socket:
    return TLS.wrap_socket(connection)


def half_asked(connection: socket.socket) -> socket.socket:
    tls = greeted(connection)
    tls.sendall(HALF_A_REQUEST)
    return tls


def answered(count: int) -> list[int]:
    """The answers to requests of others, each on a connection of its own."""
    url = f"https://127.0.0.1:{PORTS.https}/health"
    return [httpx.get(url, verify=False, timeout=30).status_code for _ in range(count)]


def memory_mb(folder: Path) -> float:
    """What nginx and its workers hold, shared pages once."""
    master = int((folder / "nginx.pid").read_text())
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (master, *children)]
    return sum(int(line.split()[1]) for text in rollups for line in text.splitlines() if line.startswith("Pss:")) / 1024


@pytest.mark.parametrize("behaviour", [silent, greeted, half_asked])
def test_slow_clients_keep_nobody_out_and_are_ended(
    edge: Path, behaviour: Callable[[socket.socket], socket.socket]
) -> None:
    with ExitStack() as held:
        slow = []
        for _ in range(NUMBER):
            connection = socket.create_connection(("127.0.0.1", PORTS.https), timeout=30)
            slow.append(held.enter_context(behaviour(connection)))
        assert answered(20) == [200] * 20
        assert memory_mb(edge) < MOST_MB
        for connection in slow:
            # Waits until nginx ends it; a connection that it leaves open raises TimeoutError here.
            while connection.recv(1024):
                pass


def test_a_client_that_goes_on_sending_a_header_byte_by_byte_is_ended_too(edge: Path) -> None:
    with half_asked(socket.create_connection(("127.0.0.1", PORTS.https), timeout=0.2)) as connection:
        for _ in range(150):  # 30 s, more than three times the limit
            try:
                connection.sendall(b"x")
                assert not connection.recv(1)
                return
            except TimeoutError:
                continue
            except (ssl.SSLError, OSError):
                return
    pytest.fail("it still has its connection")


def test_nginx_takes_as_many_connections_as_its_limit_of_files_allows(edge: Path) -> None:
    conf = edge / "nginx.conf"
    shown = [line.strip(" ;").split() for line in conf.read_text().splitlines() if "worker_" in line]
    numbers = {words[0]: int(words[1]) for words in shown if len(words) == 2 and words[1].isdigit()}
    # A request that is passed on takes two.
    assert numbers["worker_rlimit_nofile"] >= 2 * numbers["worker_connections"]
