"""What the commands of `web4ctl` do with kubectl: a program of ours stands in for it, and notes what it is asked."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from recorded_stack import staging

from local import backup, logs, mint, pages, times
from local.deployment import WayIn
from local.errors import UserError
from local.forward import forwarded
from local.place import Place
from local.prometheus import Prometheus

pytestmark = pytest.mark.unit

Says = Callable[[str], None]


@pytest.fixture
def place(home: Path) -> Place:
    recorded = staging(home)
    return Place(recorded.stack, recorded.where, recorded.settings)


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """Let `kubectl` be a shell script of these lines; what it was asked is in the file `asked`, a line each."""
    monkeypatch.setattr("local.target.BIN", tmp_path)

    def says(script: str) -> None:
        program = tmp_path / "kubectl"
        program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n{script}\n')
        program.chmod(0o755)

    return says


def asked(tmp_path: Path) -> list[str]:
    return (tmp_path / "asked").read_text().splitlines()


FORWARDS = 'echo "Forwarding from 127.0.0.1:45678 -> 9090"; exec sleep 60'


def test_a_forward_has_the_port_that_kubectl_took(place: Place, kubectl: Says, tmp_path: Path) -> None:
    kubectl(FORWARDS)
    with forwarded(place, "prometheus-operated", 9090) as forward:
        assert forward.port == 45678
    (line,) = asked(tmp_path)
    assert line.endswith("port-forward --address=127.0.0.1 --pod-running-timeout=5s service/prometheus-operated :9090")


def test_a_forward_that_cannot_be_says_why(place: Place, kubectl: Says) -> None:
    kubectl('echo "error: timed out waiting for the condition" >&2; exit 1')
    with pytest.raises(UserError, match="service x cannot be forwarded: timed out waiting"), forwarded(place, "x", 1):
        pass


def test_a_forward_ends_with_its_pod(place: Place, kubectl: Says) -> None:
    kubectl('echo "Forwarding from 127.0.0.1:45678 -> 9090"; echo "error: lost connection to pod" >&2; exit 1')
    with forwarded(place, "prometheus-operated", 9090) as forward:
        assert forward.wait() == "lost connection to pod"


@pytest.mark.parametrize(("page", "words"), [("grafana", "service/grafana 3000:80"), ("prometheus", "9090:9090")])
def test_a_page_is_at_its_own_port(place: Place, kubectl: Says, tmp_path: Path, page: str, words: str) -> None:
    kubectl(FORWARDS)
    with pages.opened(place, page) as (url, _):
        assert url == "http://127.0.0.1:45678"
    assert asked(tmp_path)[0].endswith(words)


def test_a_port_that_is_taken_is_said(place: Place) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is taken: say another with --port"):
            pages.opened(place, "prometheus", port).__enter__()


def test_a_stack_without_grafana_says_so(place: Place) -> None:
    grafana = place.settings.grafana.model_copy(update={"enabled": False})
    without = Place(place.stack, place.where, place.settings.model_copy(update={"grafana": grafana}))
    with pytest.raises(UserError, match="stack staging has no Grafana"):
        pages.opened(without, "grafana").__enter__()


def test_open_ends_well_on_ctrl_c(kubectl: Says, tmp_path: Path) -> None:
    program = f"""
import pathlib, local.place, local.target
local.target.BIN = {str(tmp_path)!r}
from recorded_stack import staging
local.place.place = lambda stack: (lambda of: local.place.Place(of.stack, of.where, of.settings))(
    staging(pathlib.Path({str(tmp_path)!r}))
)
from local.ctl.app import app
app(["open", "prometheus", "--port", "45678"])
"""
    kubectl(FORWARDS)
    running = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    assert running.stdout and running.stdout.readline() == "prometheus: http://127.0.0.1:45678 until Ctrl-C\n"
    time.sleep(0.2)  # past the line, into the waiting
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate()
    assert (running.returncode, said) == (0, "")


def test_logs_are_those_of_every_pod_of_the_part(
    place: Place, kubectl: Says, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kubectl('case "$*" in *get*) echo pod/web4-edge-1;; *) echo said;; esac')
    logs.show(place, "edge", follow=True, since="10m")
    assert capfd.readouterr().out == "said\n"
    assert "--selector=app=web4-edge" in asked(tmp_path)[1]
    assert asked(tmp_path)[1].endswith("--since=10m --tail=-1 --follow")
    logs.show(place, "edge", follow=False, since="")
    assert asked(tmp_path)[3].endswith("--tail=100")


def test_logs_as_json_are_an_object_a_line(
    place: Place, kubectl: Says, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = (
        '[pod/web4-edge-1/nginx] 2026-01-02T03:04:05.678901234Z {"status":200} [x]',
        "[pod/web4-edge-1/nginx] 2026-01-02T03:04:06Z ",
        "[pod/web4-edge-2/nginx] unable to retrieve container logs",
        "nobody's",
    )
    (tmp_path / "said").write_bytes("\n".join(said).encode() + b" \xff\r\n")
    kubectl(f'case "$*" in *get*) echo pod/web4-edge-1;; *) cat {tmp_path}/said;; esac')
    logs.show(place, "edge", follow=False, since="", as_json=True)
    assert asked(tmp_path)[1].endswith("--timestamps")
    assert [tuple(json.loads(line).values()) for line in capfd.readouterr().out.splitlines()] == [
        ("web4-edge-1", "nginx", "2026-01-02T03:04:05.678901234Z", '{"status":200} [x]'),
        ("web4-edge-1", "nginx", "2026-01-02T03:04:06Z", ""),
        ("web4-edge-2", "nginx", None, "unable to retrieve container logs"),
        (None, None, None, "nobody's \ufffd\r"),
    ]


def test_logs_as_json_fail_as_kubectl_does(place: Place, kubectl: Says, capfd: pytest.CaptureFixture[str]) -> None:
    kubectl('case "$*" in *get*) echo pod/a;; *) echo "[pod/a/b] 2026-01-02T03:04:05Z first"; exit 1;; esac')
    with pytest.raises(UserError, match="the logs of edge ended with an error"):
        logs.show(place, "edge", follow=False, since="", as_json=True)
    assert json.loads(capfd.readouterr().out)["line"] == "first"


def test_a_part_without_pods_is_said(place: Place, kubectl: Says) -> None:
    kubectl("true")
    with pytest.raises(UserError, match="stack staging has no pod of redis"):
        logs.show(place, "redis", follow=False, since="")


STATUS = {
    "phase": "completed",
    "backupId": "20260101T000000",
    "serverName": "web4-identity-db",
    "destinationPath": "s3://web4-backups/staging",
    "startedAt": "2026-01-01T00:00:00Z",
    "stoppedAt": "2026-01-01T00:00:42Z",
    "beginWal": "01",
    "endWal": "02",
}


def backups(**status: str) -> str:
    return f"""case "$*" in *get*) echo '{json.dumps({"status": status})}';; esac"""


def test_a_backup_is_awaited_and_shown(place: Place, kubectl: Says, tmp_path: Path) -> None:
    kubectl(backups(**STATUS))
    taken = backup.take(place, 10)
    where = "s3://web4-backups/staging/web4-identity-db/base/20260101T000000"
    assert taken.text() == f"backup {taken.name}: complete in 42 s, {where}, restorable from 2026-01-01T00:00:42Z on"
    assert taken.as_json()["seconds"] == 42
    assert taken.as_json()["ended"] == "2026-01-01T00:00:42+00:00"
    assert f"get backup.postgresql.cnpg.io {taken.name}" in asked(tmp_path)[1]


def test_a_backup_that_failed_says_why(place: Place, kubectl: Says) -> None:
    kubectl(backups(phase="failed", error="no such bucket"))
    with pytest.raises(UserError, match="failed: no such bucket"):
        backup.take(place, 10)


def test_a_backup_that_takes_too_long_goes_on(place: Place, kubectl: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "POLL_SECONDS", 0.01)
    kubectl(backups(phase="running"))
    with pytest.raises(UserError, match=r"is not complete after 0 s \(running\); it goes on"):
        backup.take(place, 0)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"backup": None}, "stack staging keeps no backups"),
        ({"external": True}, "stack staging has its Postgres elsewhere"),
    ],
)
def test_a_stack_without_backups_takes_none(place: Place, change: dict[str, Any], line: str) -> None:
    if "external" in change:
        change = {"database": place.settings.database.model_copy(update={"external": "elsewhere"})}
    without = Place(place.stack, place.where, place.settings.model_copy(update=change))
    with pytest.raises(UserError, match=line):
        backup.take(without, 10)


def test_a_refused_mint_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"mint .*failed: .*no-key\.pem"):
        mint.mint(WayIn("https://127.0.0.1:1", None, tmp_path / "no-key.pem"), "", "device", "lamp")


def test_prometheus_that_refuses_or_is_silent_is_an_error_of_the_users() -> None:
    def refuses(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"status": "error", "error": "parse error"})

    def fails(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    for handler, line in ((refuses, "refuses the question: parse error"), (fails, "does not answer")):
        client = httpx.Client(base_url="http://prometheus.test", transport=httpx.MockTransport(handler))
        with pytest.raises(UserError, match=line):
            Prometheus(client).number("up")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (172800, "2 d"), (-3, "-3 s")]
)
def test_an_age_is_in_its_largest_unit(seconds: float, text: str) -> None:
    assert times.age(seconds) == text


def test_a_time_has_a_zone() -> None:
    assert times.moment("2025-01-31T12:00:00Z").isoformat() == "2025-01-31T12:00:00+00:00"
    for wrong in ("2025-01-31T12:00:00", "noon"):
        with pytest.raises(ValueError, match=wrong):
            times.moment(wrong)
