"""`web4ctl restore` on the running stack: its database as it was at a time, in place of the one it had."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cluster_stack import Kubectl, Society

WEB4CTL = Path(sys.executable).with_name("web4ctl")
CLUSTER = "web4-identity-db"

NewClient = Callable[[], httpx.Client]
society = Society()


def store(kubectl: Kubectl) -> dict[str, Any]:
    return dict(kubectl.json("get", "cluster", CLUSTER)["spec"]["backup"]["barmanObjectStore"])


@pytest.fixture
def folder(kubectl: Kubectl) -> str:
    """Where the database archives to before the test."""
    return str(store(kubectl).get("serverName", CLUSTER))


def test_the_database_is_what_it_was_and_serves_and_is_backed_up_again(
    new_client: NewClient, kubectl: Kubectl, folder: str
) -> None:
    client = new_client()
    kept = society.mint(client).json()["data"]["lct_id"]
    primary = kubectl.json("get", "cluster", CLUSTER)["status"]["currentPrimary"]
    psql = ("exec", primary, "--container=postgres", "--", "psql", "--tuples-only", "--no-align")
    moment = kubectl(*psql, "--command=SELECT to_json(clock_timestamp())#>>'{}'").strip()
    gone = society.mint(client).json()["data"]["lct_id"]

    command: list[str | Path] = [WEB4CTL, "restore", f"--to={moment}", "--yes", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    restored = json.loads(done.stdout)
    assert restored["source"] == folder
    assert restored["ledger"].startswith("the ledger is sound")
    assert restored["backup"]["server"] == store(kubectl)["serverName"] != folder

    assert client.get(f"/v1/lct/{kept}").status_code == 200
    assert client.get(f"/v1/lct/{gone}").status_code == 404
    minted = society.mint(client)
    assert minted.status_code == 201, minted.text
    assert kubectl.json("get", "cluster", CLUSTER)["status"]["readyInstances"] == 3


def test_a_time_before_the_backups_or_to_come_is_refused_before_anything_is_touched(kubectl: Kubectl) -> None:
    before = kubectl.json("get", "cluster", CLUSTER)["metadata"]["uid"]
    for moment, part in (("2020-01-01T00:00:00Z", "the backups begin at"), ("2120-01-01T00:00:00Z", "is yet to come")):
        command: list[str | Path] = [WEB4CTL, "restore", f"--to={moment}", "--yes"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert part in done.stderr
    assert kubectl.json("get", "cluster", CLUSTER)["metadata"]["uid"] == before
