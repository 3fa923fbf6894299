"""A renewed certificate on the running edge: served by the pods there are, and no request is lost."""

import base64
import itertools
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from cluster_stack import Kubectl, Society
from cryptography import x509

from local import credentials, pki
from local.paths import STATE
from local.target import Target

society = Society()

SECRET = "web4-edge-tls"
IN_A_ROW = 12  # new connections, over two pods: all of one pod by chance is rarer than once in 2000

NewClient = Callable[[], httpx.Client]


def pods(kubectl: Kubectl) -> dict[str, int]:
    """The edge's pods, and how often each was restarted."""
    found = kubectl.json("get", "pods", "--selector=app=web4-edge")["items"]
    return {each["metadata"]["name"]: each["status"]["containerStatuses"][0]["restartCount"] for each in found}


def mount(kubectl: Kubectl, certificate: bytes, key: bytes) -> None:
    """Put another certificate into the Secret, and have the kubelet look at it now, not at its next round."""
    data = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()}
    kubectl("patch", "secret", SECRET, f"--patch={json.dumps({'data': data})}")
    for pod in pods(kubectl):
        kubectl("annotate", "pod", pod, f"tests/renewed={datetime.now(UTC).isoformat()}", "--overwrite")


@pytest.fixture
def renewed(tmp_path: Path, target: Target) -> tuple[Path, Path]:
    """Another certificate and key, by the same authority for the same names."""
    ca = pki.authority(STATE, "edge-ca")
    names = (*credentials.SERVER_NAMES, target.address())
    return pki.issue(ca, tmp_path, "edge", credentials.SERVER_NAMES[0], names=names)


@pytest.fixture(autouse=True)
def put_back(kubectl: Kubectl, edge: tuple[str, int], tls: ssl.SSLContext) -> Iterator[None]:
    """Give the stack its own certificate back."""
    data = kubectl.json("get", "secret", SECRET)["data"]
    before, number = [base64.b64decode(data[name]) for name in ("tls.crt", "tls.key")], serial(edge, tls)
    yield
    mount(kubectl, *before)
    wait_until(lambda: served(edge, tls) == {number}, "its own certificate again")


def wait_until(met: Callable[[], bool], what: str) -> None:
    """A kubelet that is not asked looks once in a minute or so."""
    deadline = time.monotonic() + 150
    while not met():
        assert time.monotonic() < deadline, f"not {what}"
        time.sleep(0.5)


def serial(edge: tuple[str, int], tls: ssl.SSLContext) -> int:
    with tls.wrap_socket(socket.create_connection(edge, timeout=10), server_hostname=edge[0]) as connection:
        presented = connection.getpeercert(binary_form=True)
        assert presented is not None
        return x509.load_der_x509_certificate(presented).serial_number


def served(edge: tuple[str, int], tls: ssl.SSLContext) -> set[int]:
    """The certificates that the edge's pods give new connections."""
    return {serial(edge, tls) for _ in range(IN_A_ROW)}


def half_a_mint(client: httpx.Client, changed: threading.Event) -> tuple[int, bool]:
    """A request whose body pauses for 4 s: its status, and whether the certificate changed while it was under way."""
    body = json.dumps(society.mint_body()).encode()
    before = changed.is_set()

    def pieces() -> Iterator[bytes]:
        yield body[:10]
        time.sleep(4)
        yield body[10:]

    answer = client.post("/v1/lct/mint", content=pieces(), headers={"Content-Type": "application/json"})
    return answer.status_code, changed.is_set() and not before


def test_a_renewed_certificate_is_served_by_the_same_pods_and_no_request_is_lost(
    kubectl: Kubectl, edge: tuple[str, int], tls: ssl.SSLContext, new_client: NewClient, renewed: tuple[Path, Path]
) -> None:
    before = pods(kubectl)
    assert len(before) == 2
    number = x509.load_pem_x509_certificate(renewed[0].read_bytes()).serial_number
    assert serial(edge, tls) != number
    changed, done = threading.Event(), threading.Event()
    addresses = [new_client() for _ in range(40)]

    def stream() -> list[int]:
        """New connections, one after another, from so many addresses that none comes to its limit."""
        statuses: list[int] = []
        clients = itertools.cycle(addresses[:30])
        while not done.wait(0.25):
            statuses.append(next(clients).get("/health").status_code)
        return statuses

    def under_way() -> list[tuple[int, bool]]:
        """A new unfinished request every second."""
        begun: list[Future[tuple[int, bool]]] = []
        clients = itertools.cycle(addresses[30:])
        with ThreadPoolExecutor() as lanes:
            while not done.wait(1):
                begun.append(lanes.submit(half_a_mint, next(clients), changed))
            return [each.result() for each in begun]

    with httpx.Client(base_url=f"https://{edge[0]}:{edge[1]}", verify=tls, timeout=10) as kept:
        assert kept.get("/health").status_code == 200
        with ThreadPoolExecutor() as lanes:
            steady, unfinished = lanes.submit(stream), lanes.submit(under_way)
            try:
                mount(kubectl, *(each.read_bytes() for each in renewed))
                wait_until(lambda: serial(edge, tls) == number, "the new certificate")
                changed.set()
                wait_until(lambda: served(edge, tls) == {number}, "every pod's")
            finally:
                done.set()
            assert set(steady.result()) == {200}
            statuses, across = zip(*unfinished.result(), strict=True)
            assert set(statuses) == {401}, "unsigned, as the service itself says"
            assert any(across), "no request was under way"
        assert kept.get("/health").status_code == 200
    assert pods(kubectl) == before


def test_a_certificate_that_cannot_be_served_changes_nothing_and_the_log_says_so(
    kubectl: Kubectl, edge: tuple[str, int], tls: ssl.SSLContext, renewed: tuple[Path, Path]
) -> None:
    before, number = pods(kubectl), serial(edge, tls)
    since = datetime.now(UTC).isoformat()
    other_key = credentials.FOUNDER_KEY.read_bytes()
    mount(kubectl, renewed[0].read_bytes(), other_key)

    def refused_by(pod: str) -> bool:
        return "the new certificate is refused" in kubectl("logs", pod, f"--since-time={since}")

    for pod in before:
        wait_until(partial(refused_by, pod), f"refused by {pod}")
    assert served(edge, tls) == {number}
    assert pods(kubectl) == before
