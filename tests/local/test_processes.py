"""Processes that outlive a command: found again by id and start time, ended, and explained by their log."""

import json
import time
from pathlib import Path

import pytest

from local.cluster import process as processes
from local.cluster.process import Process, alive, end
from local.errors import UserError

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "CLUSTER", tmp_path)
    monkeypatch.setattr(processes, "LOGS", tmp_path)


def wait_until_ended(process: Process) -> None:
    deadline = time.monotonic() + 5
    while alive(process):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_component_that_ends_is_explained_by_its_last_lines() -> None:
    process = Process("etcd", ())
    process.spawn(["sh", "-c", "echo listen: address already in use; exit 3"])
    wait_until_ended(process)
    with pytest.raises(UserError, match=r"(?s)etcd ended.*address already in use"):
        process.check()


def test_a_process_is_found_again_and_ended() -> None:
    process = Process("kubelet", ())
    process.spawn(["sleep", "60"])
    assert alive(Process("kubelet", ()))
    end(process)
    assert not alive(process)
    assert not process.pid_file.exists()


def test_one_that_ignores_sigterm_is_killed() -> None:
    process = Process("kubelet", ())
    process.spawn(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"])
    deadline = time.monotonic() + 5
    while "ready" not in process.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    end(process, seconds=0.3)
    wait_until_ended(process)


def test_a_reused_id_is_not_ours() -> None:
    process = Process("kubelet", ())
    process.spawn(["sleep", "60"])
    noted = json.loads(process.pid_file.read_text())
    process.pid_file.write_text(json.dumps(noted | {"started": noted["started"] - 1}))
    assert not alive(process)
    process.pid_file.write_text(json.dumps(noted))
    end(process)
