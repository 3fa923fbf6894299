"""A real Alertmanager on loopback with a stack's configuration: what is sent, to whom, and what is kept back."""

import json
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from infra_tools import tool

from infra.alertmanager_conf import SECRETS_FOLDER, render_alertmanager_conf
from infra.settings import MonitoringSettings
from monitoring import rule_groups

pytestmark = [pytest.mark.infra, pytest.mark.tools]

RECEIVER = {"kind": "webhook", "secret_name": "inbox"}
SETTINGS = {
    "pager": RECEIVER,
    "tickets": RECEIVER,
    "chat": RECEIVER,
    "heartbeat": {"secret_name": "inbox", "seconds": 30},
}


Sent = queue.Queue[dict[str, Any]]
"""The notifications that were delivered."""


class Alertmanager:
    """The process, and what it has sent."""

    def __init__(self, port: int, sent: Sent) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._sent = sent

    def ready(self) -> bool:
        try:
            return bool(urlopen(f"{self.url}/-/ready", timeout=2).status == 200)
        except OSError:
            return False

    def fire(self, *names: str) -> None:
        """Send alerts of monitoring/rules as Prometheus would."""
        rules = {rule["alert"]: rule for group in rule_groups() for rule in group["rules"] if "alert" in rule}
        alerts = [
            {"labels": {"alertname": name, **rules[name]["labels"]}, "annotations": rules[name]["annotations"]}
            for name in names
        ]
        request = Request(
            f"{self.url}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
        )
        assert urlopen(request, timeout=5).status == 200

    def next(self) -> dict[str, Any]:
        """The next notification; a minute is more than any of the routes waits."""
        return self._sent.get(timeout=60)

    def states(self) -> dict[str, str]:
        alerts = json.loads(urlopen(f"{self.url}/api/v2/alerts", timeout=5).read())
        return {each["labels"]["alertname"]: each["status"]["state"] for each in alerts}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    sent: Sent = queue.Queue()

    class Inbox(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "url").write_text(f"http://127.0.0.1:{server.server_port}/")
    conf = render_alertmanager_conf(MonitoringSettings.model_validate(SETTINGS))
    (tmp_path / "alertmanager.yaml").write_text(conf.replace(SECRETS_FOLDER, str(tmp_path)))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    words = [f"--config.file={tmp_path}/alertmanager.yaml", f"--storage.path={tmp_path}/data"]
    words += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([tool("alertmanager"), *words], stdout=log, stderr=log)
    try:
        running = Alertmanager(port, sent)
        deadline = time.monotonic() + 30
        while not running.ready():
            assert time.monotonic() < deadline and process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.2)
        yield running
    finally:
        process.terminate()
        process.wait()
        server.shutdown()
        server.server_close()


def test_a_service_that_is_down_calls_the_pager_with_its_runbook_and_its_symptoms_are_kept_back(
    alertmanager: Alertmanager,
) -> None:
    alertmanager.fire("ServiceDown", "EdgeDown", "MintAvailabilityBurn", "ServiceNotRedundant")
    notification = alertmanager.next()
    assert notification["receiver"] == "pager"
    (alert,) = notification["alerts"]
    assert alert["labels"]["alertname"] == "ServiceDown"
    assert alert["annotations"]["runbook_url"] == "monitoring/runbooks/ServiceDown.md"
    states = alertmanager.states()
    assert states.pop("ServiceDown") == "active"
    assert states == dict.fromkeys(("EdgeDown", "MintAvailabilityBurn", "ServiceNotRedundant"), "suppressed")


def test_a_database_that_is_down_keeps_back_what_the_service_says_about_it(alertmanager: Alertmanager) -> None:
    alertmanager.fire("DatabaseDown", "ServiceDatabaseUnreachable", "MintAvailabilityBurn", "RedisEvictions")
    first = alertmanager.next()
    assert [alert["labels"]["alertname"] for alert in first["alerts"]] == ["DatabaseDown"]
    states = alertmanager.states()
    assert (states["DatabaseDown"], states["RedisEvictions"]) == ("active", "active")
    assert states["ServiceDatabaseUnreachable"] == states["MintAvailabilityBurn"] == "suppressed"


def test_the_heart_beats_at_once_and_again_each_interval(alertmanager: Alertmanager) -> None:
    alertmanager.fire("Watchdog")
    for _ in range(2):
        beat = alertmanager.next()
        assert (beat["receiver"], beat["groupLabels"]["alertname"]) == ("heartbeat", "Watchdog")
