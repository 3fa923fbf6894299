"""Backups restored: `make restore-drill` on the running stack, and what it must not let pass."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cluster_stack import Kubectl, Society

from local.paths import CLUSTER

society = Society()

CRON_JOB, RESTORED = "web4-restore-drill", "web4-identity-db-drill"
DATABASE = "web4_identity_db"

NewClient = Callable[[], httpx.Client]


class Backups:
    """The stack's Postgres as its superuser sees it, its archive, and the drill."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def sql(self, statement: str) -> str:
        words = ["psql", "--tuples-only", "--no-align", "--quiet", f"--dbname={DATABASE}", f"--command={statement}"]
        primary = self._kubectl.json("get", "cluster", "web4-identity-db")["status"]["currentPrimary"]
        return self._kubectl("exec", primary, "--container=postgres", "--", *words).strip()

    def now(self) -> str:
        """The database's time: after all that is committed, before all that is committed later."""
        return self.sql("SELECT to_json(clock_timestamp())#>>'{}'")

    def wait_for_the_first(self) -> None:
        deadline = time.monotonic() + 300
        while "firstRecoverabilityPoint" not in self._kubectl.json("get", "cluster", "web4-identity-db")["status"]:
            assert time.monotonic() < deadline, self._kubectl("get", "backups")
            time.sleep(2)

    def drill(self, target_time: str = "") -> tuple[int, str]:
        """Run the drill to its end; gives its exit code and what it said.

        The archive gets its segments at once, instead of within backup.archive_seconds.
        """
        command = [sys.executable, "-m", "local", "drill", f"--to={target_time}"]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while running.poll() is None and not self._made():
            self.sql("SELECT pg_switch_wal()")
            time.sleep(2)
        said, _ = running.communicate()
        return running.returncode, said

    def _made(self) -> bool:
        return bool(self._kubectl("get", "cluster", RESTORED, "--ignore-not-found"))


@pytest.fixture(scope="module")
def backups(kubectl: Kubectl) -> Backups:
    found = Backups(kubectl)
    found.wait_for_the_first()
    return found


def result(kubectl: Kubectl) -> dict[str, float]:
    """The metrics that the last drill left."""
    text = kubectl.proxy("services", "web4-pushgateway", "9091", "/metrics")
    lines = [line for line in text.splitlines() if line.startswith("web4_restore_drill_")]
    return {line.partition("{")[0].removeprefix("web4_restore_drill_"): float(line.split()[-1]) for line in lines}


def test_a_mint_after_the_chosen_time_is_left_out(backups: Backups, new_client: NewClient, kubectl: Kubectl) -> None:
    client = new_client()
    kept = society.mint(client).json()["data"]["lct_id"]
    moment = backups.now()
    left_out = society.mint(client).json()["data"]["lct_id"]
    code, said = backups.drill(moment)
    assert code == 0, said
    (newest,) = [line for line in said.splitlines() if "newest LCT" in line]
    assert kept in newest and left_out not in said
    assert "the restore drill passed" in said
    found = result(kubectl)
    assert (found["success"], found["differences"]) == (1, 0)
    assert found["seconds"] > 0 and time.time() - found["timestamp_seconds"] < 60
    assert client.get(f"/v1/lct/{left_out}").status_code == 200


def test_nothing_is_left_of_the_drill(kubectl: Kubectl) -> None:
    for kind in ("clusters", "pods", "persistentvolumeclaims", "jobs"):
        assert RESTORED not in kubectl("get", kind, "--output=name")
    assert f"{CRON_JOB}-" not in kubectl("get", "jobs", "--output=name")


def test_a_ledger_that_is_not_what_was_restored_fails(backups: Backups, kubectl: Kubectl) -> None:
    moment = backups.now()
    entry = "id = (SELECT max(id) FROM ledger_entries)"
    # Past its trigger, as nobody but a superuser can. The copy is right and the original wrong; they differ.
    bend = "SET session_replication_role = replica; UPDATE ledger_entries SET reason = {} WHERE " + entry
    reason = backups.sql(f"SELECT reason FROM ledger_entries WHERE {entry}")
    backups.sql(bend.format("'bent'"))
    try:
        code, said = backups.drill(moment)
    finally:
        backups.sql(bend.format(f"'{reason}'"))
    assert code == 1, said
    assert [line for line in said.splitlines() if line.startswith("DIFFERENT  ledger")], said
    assert "the restore drill FAILED" in said
    assert result(kubectl)["success"] == 0


def test_a_damaged_backup_fails(backups: Backups, kubectl: Kubectl) -> None:
    moment = backups.now()
    with damaged():
        code, said = backups.drill(moment)
    assert code == 1, said
    assert "FAILED     the recovery failed" in said
    assert result(kubectl)["success"] == 0
    assert RESTORED not in kubectl("get", "clusters", "--output=name")


@contextmanager
def damaged() -> Iterator[None]:
    """The bytes of every base backup changed in the store's volume, and changed back."""
    backups = list((CLUSTER / "volumes").glob("*/web4-backup/web4-identity-db*/base/*/data.tar*"))
    assert backups, "no base backup in the object store's volume"
    whole = {path: path.read_bytes() for path in backups}
    for path, content in whole.items():
        _write(path, content[: len(content) // 2] + bytes(64) + content[len(content) // 2 + 64 :])
    try:
        yield
    finally:
        for path, content in whole.items():
            _write(path, content)


def _write(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:  # in place: the object's attributes are the file's
        file.write(content)


def test_the_settings_are_copied_into_the_bucket(kubectl: Kubectl) -> None:
    name = "web4-configuration-copy-test"
    kubectl("delete", "job", name, "--ignore-not-found")
    kubectl("create", "job", name, "--from=cronjob/web4-configuration-copy")
    try:
        kubectl("wait", f"job/{name}", "--for=condition=Complete", "--timeout=120s")
        assert "copied to s3://web4-backup/configuration/" in kubectl("logs", f"job/{name}")
    finally:
        kubectl("delete", "job", name)
    (latest, *_) = sorted((CLUSTER / "volumes").glob("*/web4-backup/configuration/*.yaml"), reverse=True)
    expected = json.loads(kubectl("get", "configmap", "web4-configuration-copy", "--output=json"))
    assert latest.read_text() == expected["data"]["settings.yaml"]
