"""`web4ctl status`: the whole screen, what is shown when a part cannot be asked, and the exit code."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from recorded_stack import CLUSTERS, KINDS, WATCHDOG, all_workloads, certificate, cluster, figures, staging
from typer.testing import CliRunner

from local.ctl.app import app
from local.errors import UserError
from local.place import Place
from local.prometheus import Prometheus
from local.status import look, screen
from local.status.model import Row, Section, Status

pytestmark = pytest.mark.unit


def answers() -> Mapping[str, Any]:
    return {
        KINDS: all_workloads(),
        "pods": {"items": []},
        CLUSTERS: cluster(),
        "secrets": f"edge {certificate(80)}",
    }


def test_without_prometheus_the_rest_is_shown_and_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def no_pod(place: Place) -> Iterator[Prometheus]:
        raise UserError("service prometheus-operated cannot be forwarded: no pod")
        yield

    monkeypatch.setattr(look, "asked", no_pod)
    sections = {each.title: each for each in look._parts(staging(home, **answers()))}
    assert all(row.well for title in ("pods", "certificates") for row in sections[title].rows)
    assert [row.well for row in sections["database"].rows] == [True, None]
    assert sections["alerts"].rows[0].text.endswith("cannot be forwarded: no pod")


def test_what_may_not_be_asked_is_shown_as_unknown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def asked(place: Place) -> Iterator[Prometheus]:
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
