"""The image's HEALTHCHECK, run as it is written."""

import json
import re
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from service_servers import free_port

pytestmark = pytest.mark.unit

CONTAINERFILE = Path(__file__).parents[2] / "service" / "Containerfile"


class Asked(HTTPServer):
    """Answers `status` to whatever is asked, and keeps the paths."""

    asked: list[str]
    status: int


class Answering(BaseHTTPRequestHandler):
    server: Asked

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[Asked]:
    made = Asked(("127.0.0.1", 0), Answering)
    made.asked, made.status = [], 200
    thread = Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def check(port: int) -> int:
    """The exit code of the command, with Python's own library only and an engine's proxy in the environment."""
    written = re.search(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", CONTAINERFILE.read_text(), re.MULTILINE)
    assert written
    command = json.loads(written[1])
    assert command[:2] == ["python3", "-c"]
    env = {"PATH": "/usr/bin:/bin", "WEB4_IDENTITY_PORT": str(port), "http_proxy": f"http://127.0.0.1:{free_port()}"}
    return subprocess.run(
        ["python3", "-I", "-S", *command[1:]], env=env, capture_output=True, check=False, timeout=20
    ).returncode


def test_a_service_that_answers_is_healthy(server: Asked) -> None:
    assert check(server.server_port) == 0
    assert server.asked == ["/health"]


def test_one_that_fails_or_is_gone_is_not(server: Asked) -> None:
    server.status = 503
    assert check(server.server_port) == 1
    assert check(free_port()) == 1


def test_pip_is_pointed_at_a_bundle_only_where_the_builder_gives_one() -> None:
    (bundle,) = re.findall(r"PIP_CERT=(\S+|\$\(.+?\)) /opt", CONTAINERFILE.read_text())
    said = subprocess.run(["sh", "-c", f"echo {bundle}"], capture_output=True, text=True, check=True)
    assert said.stdout == "\n", "pip refuses to start with the path of a bundle that is not there"
