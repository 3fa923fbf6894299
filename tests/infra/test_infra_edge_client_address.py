"""Who a client is when something in front speaks to the edge in its place: a real nginx, asked from loopback."""

import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from infra_nginx import Ports, logged, running, serving, write_conf
from infra_ports import free_ports
from infra_upstream import Upstream

from infra.settings import ClientAddressSettings, EdgeRateLimit

pytestmark = [pytest.mark.infra, pytest.mark.tools]

RunEdge = Callable[..., httpx.Client]

PORTS = Ports(*free_ports(3))
TWO_EACH = EdgeRateLimit(rate="1r/m", burst=1)
HERE, ELSEWHERE = "127.0.0.0/8", "10.0.0.0/8"
CLIENT, OTHER_CLIENT = "198.51.100.7", "198.51.100.8"
V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Callable[..., httpx.Client]]:
    """edge(source=..., trusted_ranges=...) runs nginx with these ClientAddressSettings."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(serving(Upstream, PORTS.upstream))

        def run(limit: EdgeRateLimit | None = None, **rules: Any) -> httpx.Client:
            conf = write_conf(tmp_path, PORTS, limit, client_address=ClientAddressSettings(**rules))
            return stack.enter_context(running(conf, PORTS))

        yield run


def forwarded(client: httpx.Client, chain: str) -> httpx.Response:
    return client.get("/", headers={"X-Forwarded-For": chain})


def told(text: str) -> dict[str, str]:
    """What the service was told, which the upstream here gives back."""
    return dict(line.split(": ", 1) for line in text.strip().splitlines())


def v1(client: str) -> bytes:
    """What a load balancer begins a connection with (the PROXY protocol, section 2.1)."""
    return f"PROXY TCP4 {client} 192.0.2.1 50000 443\r\n".encode()


def v2(client: str) -> bytes:
    """The same in binary (section 2.2): version 2 and PROXY, TCP over IPv4, the length, addresses and ports."""
    addresses = ipaddress.ip_address(client).packed + ipaddress.ip_address("192.0.2.1").packed
    return V2_SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 12) + addresses + struct.pack("!HH", 50000, 443)


def ask(beginning: bytes) -> tuple[int, str]:
    """Status and text of an answer over a connection that begins so, before TLS; raises OSError if there is none."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", PORTS.https), timeout=10)
    plain.sendall(beginning)
    with trust.wrap_socket(plain) as connection:
        # The header means nothing here.
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read().decode()


def test_a_forwarded_address_is_the_clients_when_the_one_in_front_is_trusted(edge: RunEdge, tmp_path: Path) -> None:
    client = edge(source="x_forwarded_for", trusted_ranges=(HERE,))
    seen = told(forwarded(client, CLIENT).text)
    assert seen["X-Real-IP"] == CLIENT
    assert seen["X-Forwarded-For"].rpartition(", ")[2] == CLIENT  # the last one is what the service goes by
    assert json.loads(logged(tmp_path))["client"] == CLIENT


def test_what_a_client_itself_put_before_its_address_is_not_believed(edge: RunEdge) -> None:
    client = edge(source="x_forwarded_for", trusted_ranges=(HERE,))
    assert told(forwarded(client, f"203.0.113.1, {CLIENT}").text)["X-Real-IP"] == CLIENT
    assert told(forwarded(client, f"203.0.113.1, {CLIENT}, 127.0.0.9").text)["X-Real-IP"] == CLIENT  # two in front


@pytest.mark.parametrize(
    "rules", [{}, {"source": "x_forwarded_for", "trusted_ranges": (ELSEWHERE,)}], ids=["nobody trusted", "another"]
)
def test_a_forwarded_address_from_who_is_not_trusted_is_ignored(edge: RunEdge, rules: dict[str, Any]) -> None:
    assert told(forwarded(edge(**rules), CLIENT).text)["X-Real-IP"] == "127.0.0.1"


def test_each_forwarded_client_has_a_limit_of_its_own(edge: RunEdge) -> None:
    client = edge(TWO_EACH, source="x_forwarded_for", trusted_ranges=(HERE,))
    answers = [forwarded(client, each).status_code for each in (CLIENT, CLIENT, CLIENT, OTHER_CLIENT)]
    assert answers == [200, 200, 429, 200]


@pytest.mark.parametrize("version", [v1, v2])
def test_the_proxy_protocol_names_the_client(edge: RunEdge, version: Callable[[str], bytes]) -> None:
    edge(TWO_EACH, source="proxy_protocol", trusted_ranges=(HERE,))
    status, text = ask(version(CLIENT))
    assert (status, told(text)["X-Real-IP"]) == (200, CLIENT)
    assert [ask(version(each))[0] for each in (CLIENT, CLIENT, OTHER_CLIENT)] == [200, 429, 200]


def test_without_the_proxy_protocol_nobody_is_answered(edge: RunEdge) -> None:
    edge(source="proxy_protocol", trusted_ranges=(HERE,))
    with pytest.raises(OSError):  # of TLS or of TCP: nginx just ends the connection
        ask(b"")


def test_the_proxy_protocol_of_who_is_not_trusted_names_nobody(edge: RunEdge) -> None:
    edge(source="proxy_protocol", trusted_ranges=(ELSEWHERE,))
    assert told(ask(v1(CLIENT))[1])["X-Real-IP"] == "127.0.0.1"
