"""`web4ctl status`: what it makes of what Kubernetes and Prometheus answer."""

import base64
import json
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from recorded_stack import figures, staging
from typer.testing import CliRunner

from local.ctl.app import app
from local.errors import UserError
from local.status import certificates, look, postgres, screen, watched, workloads
from local.status.model import Row, Section, Status

pytestmark = pytest.mark.unit

KINDS = "deployments.apps,statefulsets.apps"
CLUSTERS = "clusters.postgresql.cnpg.io"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def ago(**duration: float) -> str:
    return (datetime.now(UTC) - timedelta(**duration)).isoformat().replace("+00:00", "Z")


def workload(name: str, ready: int, wanted: int, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"replicas": wanted, **spec}, "status": {"readyReplicas": ready}}


def all_workloads(**changed: dict[str, Any]) -> dict[str, Any]:
    names = [
        "web4-identity",
        "web4-edge",
        "redis",
        "prometheus-web4",
        "alertmanager-web4",
        "web4-pushgateway",
        "grafana",
    ]
    return {"items": [changed.get(name, workload(name, 3, 3)) for name in names]}


def found(rows: list[Row]) -> dict[str, Row]:
    return {row.name: row for row in rows}


def test_all_that_runs_is_well(home: Path) -> None:
    place = staging(home, pods={"items": []}, **{KINDS: all_workloads()})
    rows = workloads.workloads(place)
    assert {row.name for row in rows} == set(workloads.expected(place.settings))
    assert [row.text for row in rows] == ["3/3 ready"] * 7
    assert all(row.well for row in rows)


@pytest.mark.parametrize(
    ("edge", "text"),
    [
        (workload("web4-edge", 1, 3), "1/3 ready"),
        (workload("web4-edge", 0, 0), "scaled to 0"),
        (workload("web4-edge", 3, 3, paused=True), "3/3 ready, and paused: changes wait"),
        ({"metadata": {"name": "another"}, "spec": {"replicas": 1}, "status": {"readyReplicas": 1}}, "not there"),
    ],
)
def test_what_does_not_run_as_it_should_is_not_well(home: Path, edge: dict[str, Any], text: str) -> None:
    place = staging(home, pods={"items": []}, **{KINDS: all_workloads(**{"web4-edge": edge})})
    row = found(workloads.workloads(place))["edge"]
    assert (row.text, row.well) == (text, False)


def pod(name: str, *, ready: bool, owner: str = "ReplicaSet", leaving: bool = False) -> dict[str, Any]:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "metadata": {
            "name": name,
            "ownerReferences": [{"kind": owner}],
            **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {}),
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"restartCount": 4, "state": {} if ready else waiting}],
        },
    }


def test_a_pod_that_is_not_ready_says_why(home: Path) -> None:
    pods = [
        pod("good", ready=True),
        pod("bad", ready=False),
        pod("of-a-job", ready=False, owner="Job"),
        pod("leaving", ready=False, leaving=True),
    ]
    rows = workloads.workloads(staging(home, pods={"items": pods}, **{KINDS: all_workloads()}))
    (row,) = [row for row in rows if not row.well]
    assert (row.name, row.text) == ("bad", "pod not ready: CrashLoopBackOff, 4 restarts")


def cluster(**status: Any) -> dict[str, Any]:
    archiving = {"type": "ContinuousArchiving", "status": "True", "message": "Continuous archiving is working"}
    well = {
        "readyInstances": 3,
        "currentPrimary": "db-1",
        "phase": postgres.HEALTHY,
        "lastSuccessfulBackup": ago(hours=5),
        "conditions": [archiving],
    }
    return {"spec": {"instances": 3}, "status": {**well, **status}}


@pytest.mark.parametrize(
    ("status", "text", "well"),
    [
        ({}, "3/3 ready, primary db-1", True),
        ({"readyInstances": 2}, "2/3 ready, primary db-1", False),
        ({"phase": "Failing over"}, "3/3 ready, primary db-1: Failing over", False),
    ],
)
def test_postgres_is_as_its_operator_says(home: Path, status: dict[str, Any], text: str, well: bool) -> None:
    (row,) = postgres.instances(staging(home, **{CLUSTERS: cluster(**status)}))
    assert (row.text, row.well) == (text, well)


@pytest.mark.parametrize(
    ("status", "texts", "well"),
    [
        ({}, ["5 h old", "Continuous archiving is working"], [True, True]),
        ({"lastFailedBackup": ago(hours=6)}, ["5 h old", "Continuous archiving is working"], [True, True]),
        (
            {"lastFailedBackup": ago(hours=1)},
            ["5 h old; the one 1 h ago FAILED", "Continuous archiving is working"],
            [False, True],
        ),
        (
            {"lastSuccessfulBackup": None, "conditions": []},
            ["none is there yet: `web4ctl backup`", "nothing was archived yet"],
            [False, False],
        ),
    ],
)
def test_backups_are_as_old_as_they_are(home: Path, status: dict[str, Any], texts: list[str], well: list[bool]) -> None:
    rows = postgres.backups(staging(home, **{CLUSTERS: cluster(**status)}))
    assert [row.text for row in rows] == texts
    assert [row.well for row in rows] == well


STREAMING, LAG = "max(cnpg_pg_replication_streaming_replicas)", "max(cnpg_pg_replication_lag)"


@pytest.mark.parametrize(
    ("answers", "text", "well"),
    [
        ({STREAMING: 2, LAG: 0.25}, "2/2 replicas follow, the slowest 0.2 s behind", True),
        ({STREAMING: 1, LAG: 0}, "1/2 replicas follow, the slowest 0.0 s behind", False),
        ({}, "not known: Prometheus has no figure of it", None),
    ],
)
def test_a_replica_that_does_not_follow_is_missed(
    home: Path, answers: dict[str, float], text: str, well: bool | None
) -> None:
    (row,) = postgres.replication(staging(home), figures(answers))
    assert (row.text, row.well) == (text, well)


@pytest.mark.parametrize(
    ("passed", "text", "well"),
    [(1, "passed 2 d ago", True), (0, "FAILED 2 d ago", False), (None, "none was made yet: `web4ctl drill`", True)],
)
def test_the_last_restore_drill_is_shown(home: Path, passed: int | None, text: str, well: bool) -> None:
    answers = {
        "max(web4_restore_drill_timestamp_seconds)": datetime.now(UTC).timestamp() - 2 * 86400,
        "min(web4_restore_drill_success)": passed,
    }
    (row,) = postgres.drill(staging(home), figures({} if passed is None else answers))
    assert (row.text, row.well) == (text, well)


def certificate(days: float) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days, minutes=1))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def test_certificates_have_days_left(home: Path) -> None:
    lines = [
        f"edge {certificate(80)}",
        "a-password ",
        f"redis {certificate(4)}",
        "rubbish bm8=",
        f"ended {certificate(-3)}",
    ]
    rows = certificates.certificates(staging(home, secrets="\n".join(lines)))
    assert [(row.name, row.text, row.well) for row in rows if row.well is not None] == [
        ("ended", "-3 days left", False),
        ("redis", "4 days left", False),
        ("edge", "80 days left", True),
    ]
    assert [row.name for row in rows if row.well is None] == ["rubbish"]


def alert(name: str, severity: str, state: str = "firing", **began: float) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "severity": severity},
        "annotations": {"summary": f"{name} it is", "runbook_url": f"monitoring/runbooks/{name}.md"},
        "state": state,
        "activeAt": ago(**(began or {"minutes": 5})),
    }


WATCHDOG = alert("Watchdog", "none")


def test_firing_alerts_are_not_well_and_have_a_runbook() -> None:
    fired = [
        WATCHDOG,
        alert("Slow", "warning", hours=2),
        alert("Down", "critical"),
        alert("Dear", "info"),
        alert("Soon", "critical", "pending"),
    ]
    rows = watched.alerts(figures({}, fired))
    assert [(row.name, row.well) for row in rows] == [("Down", False), ("Slow", False), ("Dear", True)]
    assert rows[1].text == "warning for 2 h: Slow it is (monitoring/runbooks/Slow.md)"


def test_no_firing_alert_is_well_while_the_rules_are_evaluated() -> None:
    assert [(row.text, row.well) for row in watched.alerts(figures({}, [WATCHDOG]))] == [("0 pending", True)]
    rows = watched.alerts(figures({}, [alert("Soon", "critical", "pending")]))
    assert [(row.name, row.well) for row in rows] == [("Watchdog", False), ("none fires", True)]


@pytest.mark.parametrize(
    ("bad", "events", "text"),
    [
        (0.001, 4000, "80% of the budget left: 99.900% of 4000 good in 3d"),
        (0.01, 4000, "-100% of the budget left: 99.000% of 4000 good in 3d"),
        (0.5, 20, "too few events to say: 50.000% of 20 good in 3d"),
        (None, 0, "no events in 3d"),
    ],
)
def test_what_is_left_of_an_error_budget(bad: float | None, events: int, text: str) -> None:
    of = '{slo="mint-availability"}'
    answers = {f"slo:errors:ratio3d{of}": bad, f"slo:events:count3d{of}": events}
    row = found(watched.budgets(figures(answers)))["mint-availability"]
    assert row.text == text


IMBALANCE = "max(abs(web4_identity_ledger_imbalance_atp))"
CHECKED = "time() - max(web4_identity_ledger_last_check_timestamp_seconds)"
POOLS = "max by (society) (web4_identity_society_pool_atp)"


@pytest.mark.parametrize(
    ("answers", "text", "well"),
    [
        ({IMBALANCE: 0, CHECKED: 30}, "balanced, checked 30 s ago", True),
        ({IMBALANCE: 7, CHECKED: 30}, "off by 7 ATP, checked 30 s ago", False),
        ({}, "not known: no replica was scraped", None),
    ],
)
def test_the_ledger_is_as_it_was_checked(answers: dict[str, float], text: str, well: bool | None) -> None:
    row = found(watched.economy(figures(answers)))["ledger"]
    assert (row.text, row.well) == (text, well)


def test_the_poorest_societies_are_named_and_all_are_counted() -> None:
    pools = {"a": 400, "b": 100, "c": 300, "d": 200}
    row = found(watched.economy(figures({POOLS: {"society": pools}})))["pools"]
    assert row.text == "1000 ATP left for grants; societies, the poorest first: b 100, d 200, c 300, …"
    assert row.figures == {"atp": 1000, "societies": pools}


def test_a_store_that_a_replica_does_not_reach_is_not_well() -> None:
    expression = "min by (dependency) (web4_identity_dependency_up)"
    rows = watched.stores(figures({expression: {"dependency": {"database": 1, "redis": 0}}}))
    assert [(row.name, row.well) for row in rows] == [("database reached", True), ("redis reached", False)]
    assert [row.well for row in watched.stores(figures({}))] == [None]


def answers() -> Mapping[str, Any]:
    return {
        KINDS: all_workloads(),
        "pods": {"items": []},
        CLUSTERS: cluster(),
        "secrets": f"edge {certificate(80)}",
    }


def test_without_prometheus_the_rest_is_shown_and_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def no_pod(place):
        raise UserError("service prometheus-operated cannot be forwarded: no pod")
        yield

    monkeypatch.setattr(look, "asked", no_pod)
    sections = {each.title: each for each in look._parts(staging(home, **answers()))}
    assert all(row.well for title in ("pods", "certificates") for row in sections[title].rows)
    assert [row.well for row in sections["database"].rows] == [True, None]
    assert sections["alerts"].rows[0].text.endswith("cannot be forwarded: no pod")


def test_what_may_not_be_asked_is_shown_as_unknown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def asked(place):
        yield figures({}, [WATCHDOG])

    monkeypatch.setattr(look, "asked", asked)
    allowed = {kind: answer for kind, answer in answers().items() if kind != "secrets"}
    sections = {each.title: each for each in look._parts(staging(home, **allowed))}
    (row,) = sections["certificates"].rows
    assert row.well is None and "secrets is forbidden" in row.text


def status(*rows: Row) -> Status:
    return Status("local", "here", datetime(2026, 1, 2, tzinfo=UTC), (Section("pods", rows), Section("atp", (GOOD,))))


GOOD = Row("ledger", "balanced", True, {"imbalance_atp": 0})


@pytest.mark.parametrize(
    ("row", "code", "verdict", "mark"),
    [
        (Row("edge", "2/2 ready"), 0, "all is well", "ok"),
        (Row("edge", "1/2 ready", False), 1, "NOT WELL: 1 of 2", "NO"),
        (Row("edge", "not known: forbidden", None), 1, "NOT WELL: 1 of 2", "? "),
    ],
)
def test_the_screen_and_the_exit_code_say_the_same(
    monkeypatch: pytest.MonkeyPatch, row: Row, code: int, verdict: str, mark: str
) -> None:
    monkeypatch.setattr(look, "look", lambda stack: status(row))
    done = CliRunner().invoke(app, ["status"])
    first, line, last = done.stdout.splitlines()
    assert first == f"stack local in here, 2026-01-02 00:00:00 UTC: {verdict}"
    assert line == f"pods          {mark}  edge    {row.text}"
    assert last == "atp           ok  ledger  balanced"
    assert done.exit_code == code
    as_json = CliRunner().invoke(app, ["status", "--json"])
    assert as_json.exit_code == code
    body = json.loads(as_json.stdout)
    assert body["well"] is (code == 0)
    assert body["pods"] == [{"name": "edge", "well": row.well, "text": row.text}]
    assert body["atp"][0]["imbalance_atp"] == 0


def test_a_terminal_gets_colours_and_a_file_none() -> None:
    coloured = screen.render(status(Row("edge", "down", False)))
    assert "\x1b[31m" in coloured
