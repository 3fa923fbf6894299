"""The restore drill against an API server that is made up: what it asks for, and that any failure is one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fixture_types import Body
from prometheus_client import generate_latest
from pydantic import SecretStr
from typer.testing import CliRunner
from web4_identity.cli import app
from web4_identity.db.engine import Database
from web4_identity.restore import archive
from web4_identity.restore.cluster import RestoreFailed, second_cluster, wait_until_ready
from web4_identity.restore.drill import Comparison, Drill, Outcome, compare, metrics, table
from web4_identity.restore.kubernetes import Kubernetes, KubernetesRefused
from web4_identity.restore.registry import Contents

pytestmark = pytest.mark.unit

Orders = list[tuple[str, str]]
"""What was asked of the API server: method and path."""
Api = Callable[..., tuple[Kubernetes, Orders]]

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)
STORE = {"destinationPath": "s3://web4-backup", "endpointURL": "https://store:7070"}
FIRST: Body = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Cluster",
    "metadata": {"name": "db", "labels": {"a": "b"}, "uid": "1"},
    "spec": {
        "instances": 3,
        "imageName": "postgres:15",
        "storage": {"size": "1Gi"},
        "managed": {"roles": [{"name": "app"}]},
        "postgresql": {"parameters": {"max_connections": "100"}, "synchronous": {"number": 1}},
        "bootstrap": {"initdb": {"database": "x"}},
        "backup": {"barmanObjectStore": STORE, "retentionPolicy": "30d"},
    },
    "status": {"firstRecoverabilityPoint": "2026-01-01T02:00:00Z"},
}


@pytest.fixture
def account(tmp_path: Path) -> Path:
    for name, text in {"namespace": "web4", "token": "t0ken"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def api(account: Path) -> Api:
    """api(objects) is a Kubernetes that has these objects, by path below its namespace, and the list of its orders."""

    def make(objects: dict[str, Any], broken: str | None = None) -> tuple[Kubernetes, Orders]:
        orders = []

        def answer(request: httpx.Request) -> httpx.Response:
            assert request.headers["authorization"] == "Bearer t0ken"
            path = request.url.path.partition("/namespaces/web4/")[2]
            orders.append((request.method, path))
            if path == broken:
                return httpx.Response(403, json={"message": "not for you"})
            if request.method == "POST":
                created = json.loads(request.content)
                objects.setdefault(f"{path}/{created['metadata']['name']}", created)
            if request.method == "DELETE":
                objects.pop(path, None)
            if request.method == "GET" and "labelSelector" in request.url.params:
                return httpx.Response(200, json={"items": objects.get(path, [])})
            found = objects.get(path)
            return httpx.Response(200 if found or request.method != "GET" else 404, json=found or {})

        return Kubernetes(account, httpx.MockTransport(answer)), orders

    return make


def drill(url: str, moment: datetime | None = None, seconds: float = 0.0) -> Drill:
    return Drill(SecretStr(url), "db", "db-drill", moment, seconds, say=lambda line: None)


def test_the_second_cluster_is_the_first_one_at_that_time_and_archives_nothing() -> None:
    spec = second_cluster(FIRST, "db-drill", MOMENT)["spec"]
    assert spec == {
        "imageName": "postgres:15",
        "storage": {"size": "1Gi"},
        "managed": {"roles": [{"name": "app"}]},
        "instances": 1,
        "postgresql": {"parameters": {"max_connections": "100"}},
        "certificates": {"serverCASecret": "db-ca"},
        "bootstrap": {"recovery": {"source": "first", "recoveryTarget": {"targetTime": "2026-01-31 12:00:00+00:00"}}},
        "externalClusters": [{"name": "first", "barmanObjectStore": {**STORE, "serverName": "db"}}],
    }


def test_a_database_that_was_restored_archives_to_a_folder_of_its_own() -> None:
    store = {**STORE, "serverName": "db-2"}
    first = {**FIRST, "spec": {**FIRST["spec"], "backup": {"barmanObjectStore": store}}}
    assert second_cluster(first, "db-drill", MOMENT)["spec"]["externalClusters"] == [
        {"name": "first", "barmanObjectStore": store}
    ]


def test_a_cluster_without_backups_is_told() -> None:
    bare = {**FIRST, "spec": {**FIRST["spec"], "backup": {}}}
    with pytest.raises(RestoreFailed, match="db has no backups"):
        second_cluster(bare, "db-drill", MOMENT)


def test_a_recovery_fails_at_its_first_failed_pod(api: Api) -> None:
    job = {"metadata": {"name": "db-drill-1-full-recovery"}, "status": {"failed": 1}}
    kubernetes, _ = api({"jobs": [job], "clusters/db-drill": FIRST})
    with pytest.raises(RestoreFailed, match="Job db-drill-1-full-recovery ended with an error"):
        wait_until_ready(kubernetes, "db-drill", 60)


def test_a_recovery_that_takes_too_long_fails_with_its_phase(api: Api) -> None:
    kubernetes, _ = api({"clusters/db-drill": {"status": {"phase": "Setting up primary"}}})
    with pytest.raises(RestoreFailed, match="not ready after 0 s; its phase: Setting up primary"):
        wait_until_ready(kubernetes, "db-drill", 0)


async def test_nothing_is_left_of_a_drill_that_failed(api: Api, database_url: str) -> None:
    objects = {"clusters/db": FIRST}
    kubernetes, orders = api(objects)
    archived = drill(database_url, MOMENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web4_identity.restore.drill.archive_commit", _archived)
        outcome = await archived.run(kubernetes)
    assert not outcome.passed
    assert outcome.problems == ["db-drill is not ready after 0 s; its phase: unknown"]
    assert ("POST", "clusters") in orders and orders.index(("POST", "clusters")) < _last(
        orders, ("DELETE", "clusters/db-drill")
    )
    assert objects == {"clusters/db": FIRST}


async def _archived(database: object) -> None:
    """A server that archives nothing would be waited for."""


def _last(orders: Orders, order: tuple[str, str]) -> int:
    return len(orders) - 1 - orders[::-1].index(order)


@pytest.mark.parametrize(
    ("first", "moment", "problem"),
    [
        (None, MOMENT, "there is no cluster db"),
        ({**FIRST, "status": {}}, MOMENT, "there is no base backup yet"),
        (FIRST, datetime(2025, 12, 31, tzinfo=UTC), "2025-12-31T00:00:00+00:00 is before the first base backup"),
    ],
)
async def test_what_cannot_be_restored_is_told_before_anything_is_made(
    api: Api, database_url: str, first: Body | None, moment: datetime, problem: str
) -> None:
    kubernetes, orders = api({"clusters/db": first} if first else {})
    outcome = await drill(database_url, moment).run(kubernetes)
    assert not outcome.passed
    assert outcome.problems[0].startswith(problem)
    assert "POST" not in {method for method, _ in orders}


async def test_a_right_that_is_lacking_is_told(api: Api, database_url: str) -> None:
    kubernetes, _ = api({}, broken="clusters/db")
    outcome = await drill(database_url).run(kubernetes)
    assert outcome.problems == [
        "GET /apis/postgresql.cnpg.io/v1/namespaces/web4/clusters/db: 403 not for you",
    ]


async def test_a_server_that_archives_nothing_is_told(database: Database) -> None:
    with pytest.raises(archive.NotArchived, match=r"segment [0-9A-F]{24} is not archived after 0 s; .* None at None"):
        await archive.archive_commit(database, seconds=0)


def test_a_difference_of_any_figure_fails_and_is_shown() -> None:
    held = Contents({"lcts": 3, "accounts": 4}, "abc", "lct:1")
    figures = list(compare(held, held))
    assert [each.what for each in figures] == ["rows of lcts", "rows of accounts", "ledger", "newest LCT"]
    assert Outcome(compared=figures).passed
    for other in (
        Contents({"lcts": 2, "accounts": 4}, "abc", "lct:1"),
        Contents({"lcts": 3, "accounts": 4}, "abd", "lct:1"),
        Contents({"lcts": 3, "accounts": 4}, "abc", "lct:2"),
    ):
        outcome = Outcome(compared=list(compare(held, other)))
        assert not outcome.passed
        assert [line for line in table(outcome) if line.startswith("DIFFERENT")]
        assert list(table(outcome))[-1] == "the restore drill FAILED"


def test_an_unsound_ledger_and_a_drill_that_compared_nothing_fail() -> None:
    same = [Comparison("ledger", "abc", "abc")]
    assert not Outcome(compared=same, problems=["transfer 1: entries sum to 1, not 0"]).passed
    assert not Outcome().passed


def test_the_metrics_say_what_came_of_it() -> None:
    outcome = Outcome(MOMENT, 12.5, 34.0, [Comparison("ledger", "abc", "abc")])
    lines = generate_latest(metrics(outcome, 1_800_000_000)).decode().splitlines()
    values = dict(line.split() for line in lines if not line.startswith("#"))
    assert {name.removeprefix("web4_restore_drill_"): float(value) for name, value in values.items()} == {
        "success": 1,
        "timestamp_seconds": 1_800_000_000,
        "seconds": 34,
        "rpo_seconds": 12.5,
        "differences": 0,
    }
    failed = generate_latest(metrics(Outcome(problems=["x"]), 1)).decode()
    assert "web4_restore_drill_success 0.0" in failed and "web4_restore_drill_seconds" not in failed


@pytest.mark.parametrize("given", ["yesterday", "2026-01-31T12:00:00"])
def test_a_time_without_a_zone_is_refused(given: str) -> None:
    done = CliRunner().invoke(app, ["restore-drill", "--cluster=db", "--restored=x", f"--target-time={given}"])
    assert done.exit_code == 2
    assert "give a time with its zone" in done.output


def test_outside_of_a_pod_it_says_how_to_run_it(tmp_path: Path) -> None:
    with pytest.raises(KubernetesRefused, match="make restore-drill"):
        Kubernetes(tmp_path / "nothing")
