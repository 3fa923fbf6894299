"""A renewed certificate: the edge's own start script on a real nginx, and a Secret renewed as the kubelet does it."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from infra_nginx import Ports, nginx, replaced, serving, wait_for_answer, wait_until, write_certificate, write_conf
from infra_ports import free_ports
from infra_upstream import SlowUpstream

from infra.settings import EdgeRateLimit

pytestmark = [pytest.mark.infra, pytest.mark.tools]

ROOT = Path(__file__).parents[2]
PORTS = Ports(*free_ports(3))
NO_LIMIT = EdgeRateLimit(rate="1000r/s", burst=1000)
URL = f"https://127.0.0.1:{PORTS.https}"


class SlowWhereAsked(SlowUpstream):
    """Holds the answer for /slow alone."""

    asked, may_answer = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            super().do_GET()
        else:
            super(SlowUpstream, self).do_GET()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The edge with certificate number 1, started by its script; its words are in start.log."""
    conf = write_conf(tmp_path, PORTS, NO_LIMIT)
    mount(tmp_path, 1)
    here = {"/etc/nginx/tls/": f"{tmp_path}/", "/etc/nginx/nginx.conf": str(conf), "pause=5": "pause=0.1"}
    script = tmp_path / "start.sh"
    script.write_text(replaced((ROOT / "infra" / "edge_start.sh").read_text(), here))
    environment = {**os.environ, "PATH": f"{Path(nginx()).parent}:{os.environ['PATH']}"}
    with contextlib.ExitStack() as stack:
        stack.enter_context(serving(SlowWhereAsked, PORTS.upstream))
        log = stack.enter_context((tmp_path / "start.log").open("w"))
        process = subprocess.Popen(["sh", str(script)], stderr=log, env=environment, start_new_session=True)
        try:
            wait_for_answer(f"http://127.0.0.1:{PORTS.health}/nginx-health")
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the script's other half too, which in a pod ends with process 1
            process.wait(10)


def mount(folder: Path, serial: int, changes: dict[str, bytes] | None = None) -> None:
    """Put certificate number `serial` there, with `changes` to its files, as a kubelet does.

    That is, a new folder, then the link to it, at once.
    """
    version = folder / f"..version-{serial}"
    version.mkdir()
    write_certificate(version, serial)
    for name, content in (changes or {}).items():
        (version / name).write_bytes(content)
    (folder / "..data_tmp").symlink_to(version.name)
    (folder / "..data_tmp").rename(folder / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (folder / name).is_symlink():
            (folder / name).unlink()
            (folder / name).symlink_to(f"..data/{name}")


def served() -> int:
    """The serial number of the certificate that a new connection is given."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with trust.wrap_socket(socket.create_connection(("127.0.0.1", PORTS.https))) as connection:
        given = connection.getpeercert(binary_form=True)
    assert given is not None  # a server on TLS always shows one
    return x509.load_der_x509_certificate(given).serial_number


def test_a_renewed_certificate_is_served_and_no_request_is_lost(edge: subprocess.Popen[bytes], tmp_path: Path) -> None:
    done = threading.Event()

    def stream() -> list[int]:
        answers = []
        while not done.is_set():
            answers.append(httpx.get(f"{URL}/", verify=False).status_code)
        return answers

    with httpx.Client(base_url=URL, verify=False) as kept, ThreadPoolExecutor() as lanes:
        assert kept.get("/").status_code == 200
        begun, steady = lanes.submit(httpx.get, f"{URL}/slow", verify=False, timeout=30), lanes.submit(stream)
        try:
            assert SlowWhereAsked.asked.wait(10)
            assert served() == 1
            mount(tmp_path, 2)
            wait_until(lambda: served() == 2, "the new certificate", seconds=20)
            assert not begun.done()
        finally:
            SlowWhereAsked.may_answer.set()
            done.set()
        assert begun.result().status_code == 200
        assert set(steady.result()) == {200}
        assert kept.get("/").status_code == 200
    assert edge.poll() is None
    assert "the certificate was renewed" in (tmp_path / "start.log").read_text()


ANOTHER_KIND_OF_KEY = Ed25519PrivateKey.generate().private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tls.crt": b"-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n"}, "tls.crt"),
        ({"tls.key": ANOTHER_KIND_OF_KEY}, "tls.key is not the key of tls.crt"),
    ],
    ids=["no certificate", "a key of another kind, which nginx itself accepts"],
)
def test_what_cannot_be_served_is_refused_and_the_certificate_before_is_served_on(
    edge: subprocess.Popen[bytes], tmp_path: Path, changes: dict[str, bytes], reason: str
) -> None:
    log = tmp_path / "start.log"
    mount(tmp_path, 2, changes)
    wait_until(lambda: "the new certificate is refused" in log.read_text(), "refused in the log", seconds=20)
    assert reason in log.read_text()
    assert served() == 1
    assert httpx.get(f"{URL}/", verify=False).status_code == 200
    assert edge.poll() is None
