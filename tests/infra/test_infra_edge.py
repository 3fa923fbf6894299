"""The edge: the rendered nginx.conf, checked and run by a real nginx."""

import http.server
import json
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from infra_nginx import Ports, assert_problem, logged, nginx, running, serving, wait_for_answer, write_conf
from infra_ports import free_ports
from infra_recording import Program
from infra_upstream import SlowUpstream, Upstream

from infra.nginx_conf import retry_after_seconds

pytestmark = [pytest.mark.infra, pytest.mark.tools]


PORTS = Ports(*free_ports(3))
GUIDE_HEADERS = {
    "strict-transport-security": "max-age=31536000",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
}


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return write_conf(tmp_path, PORTS)


@pytest.fixture
def edge(conf: Path) -> Iterator[httpx.Client]:
    with serving(Upstream, PORTS.upstream), running(conf, PORTS) as client:
        yield client


def test_nginx_accepts_the_configuration(conf: Path) -> None:
    done = subprocess.run([nginx(), "-t", "-e", "stderr", "-c", str(conf)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_only_the_guides_tls_versions_are_spoken(edge: httpx.Client, conf: Path) -> None:
    def handshake(version: str) -> bool:
        command = [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{PORTS.https}",
            f"-{version}",
            "-cipher",
            "ALL@SECLEVEL=0",
        ]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0

    # Said as well as shown: this machine's OpenSSL would refuse the old versions whatever nginx allowed.
    assert "\n        ssl_protocols TLSv1.2 TLSv1.3;\n" in conf.read_text()
    spoken = {version: handshake(version) for version in ("tls1", "tls1_1", "tls1_2", "tls1_3")}
    assert spoken == {"tls1": False, "tls1_1": False, "tls1_2": True, "tls1_3": True}


def test_http_2_is_spoken_to_who_offers_it(edge: httpx.Client) -> None:
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    trust.set_alpn_protocols(["h2", "http/1.1"])
    with trust.wrap_socket(socket.create_connection(("127.0.0.1", PORTS.https))) as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_each_request_is_a_line_of_json_without_what_does_not_belong_in_a_log(edge: httpx.Client, conf: Path) -> None:
    edge.get("/v1/lct?society=private", headers={"User-Agent": "private", "Authorization": "private"})
    line = logged(conf.parent)
    said = json.loads(line)
    assert (said["client"], said["method"], said["path"], said["status"]) == ("127.0.0.1", "GET", "/v1/lct", 200)
    assert "private" not in line


def test_every_answer_has_the_guides_headers_once(edge: httpx.Client) -> None:
    for path in ("/", "/metrics", "/limited"):
        headers = edge.get(path).headers
        for name, value in GUIDE_HEADERS.items():
            assert headers.get_list(name) == [value], path


def test_the_service_learns_who_asks(edge: httpx.Client) -> None:
    seen = edge.get("/", headers={"Host": "identity.web4.example.com", "X-Forwarded-For": "198.51.100.7"}).text
    lines = dict(line.split(": ", 1) for line in seen.strip().splitlines())
    assert lines["Host"] == "identity.web4.example.com"
    assert lines["X-Real-IP"] == "127.0.0.1"
    assert lines["X-Forwarded-For"] == "198.51.100.7, 127.0.0.1"
    assert lines["X-Forwarded-Proto"] == "https"
    assert len(lines["X-Request-ID"]) == 32


def test_the_service_learns_the_port_that_was_asked_for(edge: httpx.Client) -> None:
    # A payer signs the authority it connects to, so a port lost on the way would make every signature invalid.
    assert f"Host: 127.0.0.1:{PORTS.https}\n" in edge.get("/").text


def test_metrics_are_not_for_the_internet(edge: httpx.Client) -> None:
    assert_problem(edge.get("/metrics"), 404, "W4_ERR_NOT_FOUND")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_services_limit_reaches_it_and_a_far_larger_one_does_not(
    edge: httpx.Client, chunked: bool
) -> None:
    def post(size: int) -> httpx.Response:
        return edge.post("/", content=iter([b"x" * size]) if chunked else b"x" * size)

    assert post(11 * 1024).status_code == 501, "501 is the upstream's own answer here"
    assert_problem(post(17 * 1024), 413, "W4_ERR_BODY_TOO_LARGE")


def test_21_requests_pass_at_once_and_the_next_is_told_when_to_come_again(edge: httpx.Client) -> None:
    answers = [edge.get("/") for _ in range(22)]
    assert [each.status_code for each in answers] == [200] * 21 + [429]
    assert_problem(answers[-1], 429, "W4_ERR_RATE_LIMITED")
    assert answers[-1].headers.get_list("retry-after") == ["6"]


def test_the_services_own_refusal_keeps_its_own_retry_after(edge: httpx.Client) -> None:
    answer = edge.get("/limited")
    assert answer.status_code == 429
    assert answer.headers.get_list("retry-after") == ["33"]


def test_the_plain_port_leads_nowhere_and_shows_its_figures_to_its_own_pod_only(edge: httpx.Client) -> None:
    assert httpx.get(f"http://127.0.0.1:{PORTS.health}/v1/lct/x").status_code == 404
    assert "Active connections" in httpx.get(f"http://127.0.0.1:{PORTS.health}/stub_status").text


def test_without_the_service_the_edge_answers_with_a_problem(conf: Path) -> None:
    with running(conf, PORTS) as client:
        assert_problem(client.get("/"), 502, "W4_ERR_UNAVAILABLE")


def test_a_leaving_edge_finishes_what_it_has(conf: Path, program: Program) -> None:
    """The hook itself, on a real nginx: its process stands for the container's process 1."""
    spec = program.find("Deployment", "web4-edge").inputs["spec"]["template"]["spec"]
    shell, flag, hook = spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    pause, rest = hook.split("; ", 1)
    assert 0 < int(pause.removeprefix("sleep ")) < spec["terminationGracePeriodSeconds"]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORTS.upstream), SlowUpstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = subprocess.Popen([nginx(), "-e", str(conf.parent / "error.log"), "-g", "daemon off;", "-c", str(conf)])
    try:
        wait_for_answer(f"http://127.0.0.1:{PORTS.health}/nginx-health")
        with ThreadPoolExecutor() as lane:
            answer = lane.submit(httpx.get, f"https://127.0.0.1:{PORTS.https}/slow", verify=False)
            assert SlowUpstream.asked.wait(10)
            drain = subprocess.Popen([shell, flag, re.sub(r"(kill -\w+) 1;", rf"\1 {process.pid};", rest)])
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)  # the request is still on its way
            SlowUpstream.may_answer.set()
            assert answer.result().status_code == 200
        assert process.wait(10) == 0
        drain.wait(10)
    finally:
        process.kill()
        process.wait(10)
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("rate", "seconds"), [("10r/m", 6), ("60r/m", 1), ("7r/m", 9), ("5r/s", 1)])
def test_retry_after_is_the_limits_pace(rate: str, seconds: int) -> None:
    assert retry_after_seconds(rate) == seconds
