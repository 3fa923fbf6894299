"""A real nginx that runs the rendered configuration on loopback."""

import contextlib
import http.server
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.nginx_conf import render_nginx_conf
from infra.settings import ClientAddressSettings, EdgeRateLimit, WafSettings
from infra.waf_conf import render_waf_conf

_NO_WAF = WafSettings()
_CONNECTION = ClientAddressSettings()


class Ports(NamedTuple):
    """Where nginx listens, and where the service is."""

    https: int
    health: int
    upstream: int


def nginx() -> str:
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert found, "nginx is not installed; `make up` does it"
    return found


def write_conf(
    folder: Path,
    ports: Ports,
    limit: EdgeRateLimit | None = None,
    waf: WafSettings = _NO_WAF,
    body_seconds: str = "10",
    client_address: ClientAddressSettings = _CONNECTION,
) -> Path:
    """The rendered configuration, with this machine's places instead of the container's."""
    write_certificate(folder)
    upstream = f"127.0.0.1:{ports.upstream}"
    text = render_nginx_conf("identity.web4.example.com", upstream, limit or EdgeRateLimit(), waf, client_address)
    here = {
        "/tmp/": f"{folder}/",
        "/etc/nginx/tls/": f"{folder}/",
        "/dev/stdout": f"{folder}/access.log",
        "listen 8443": f"listen 127.0.0.1:{ports.https}",
        "listen 8080": f"listen 127.0.0.1:{ports.health}",
    }
    if waf.on:
        here |= {"/etc/nginx/waf.conf": f"{folder}/waf.conf", "ngx.sleep(10)": f"ngx.sleep({body_seconds})"}
        rules = {"/tmp/": f"{folder}/", "/dev/stdout": f"{folder}/audit.log"}
        (folder / "waf.conf").write_text(replaced(render_waf_conf(waf), rules))
    path = folder / "nginx.conf"
    path.write_text(replaced(text, here))
    return path


@contextlib.contextmanager
def running(conf: Path, ports: Ports) -> Iterator[httpx.Client]:
    """A running edge; the client accepts its self-made certificate."""
    process = subprocess.Popen([nginx(), "-e", str(conf.parent / "error.log"), "-g", "daemon off;", "-c", str(conf)])
    try:
        wait_for_answer(f"http://127.0.0.1:{ports.health}/nginx-health")
        with httpx.Client(base_url=f"https://127.0.0.1:{ports.https}", verify=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler], port: int) -> Iterator[None]:
    """What stands for the service, at `port`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def wait_for_answer(url: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            assert httpx.get(url).text == "ok\n"
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"no answer from {url}"
            time.sleep(0.05)


def wait_until(met: Callable[[], bool], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"not {what}"
        time.sleep(0.05)


def logged(folder: Path) -> str:
    """The access log's one line. nginx writes it after the answer is sent, so it may not be there yet."""
    log = folder / "access.log"
    wait_until(lambda: log.read_text().endswith("\n"), "a line in the access log")
    (line,) = log.read_text().splitlines()
    return line


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]


def write_certificate(folder: Path, serial: int = 1) -> None:
    """A self-made certificate and its key, as the edge finds them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(serial).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / "tls.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


def replaced(text: str, changes: dict[str, str]) -> str:
    """`text` with this machine's places; each must be in it."""
    for there, here in changes.items():
        assert there in text
        text = text.replace(there, here)
    return text
