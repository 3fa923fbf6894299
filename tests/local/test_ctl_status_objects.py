"""`web4ctl status`: what it makes of the objects that Kubernetes shows."""

from pathlib import Path
from typing import Any

import pytest
from recorded_stack import CLUSTERS, KINDS, ago, all_workloads, certificate, cluster, found, staging, workload

from local.status import certificates, postgres, workloads

pytestmark = pytest.mark.unit


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
