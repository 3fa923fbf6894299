"""What `make chaos` says of a run: its problems, its table, and the page that it writes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chaos.report import failures, run_section, table, write
from chaos.row import Alert, Row
from traffic.audit import Finding, Wrong
from traffic.record import Sent

pytestmark = pytest.mark.unit

GOOD = Sent(101, 102, "mint", True, 201)
BAD = Sent(110, 112, "mint", False, 503, "W4_ERR_UNAVAILABLE")
FIRED = Alert("RedisDown", since=175, last=220, sent=True)
ROW = Row(
    "stop-redis", "Redis is stopped", 100, [GOOD, BAD, replace(GOOD, retries=1)], 150.4, [FIRED], alert="RedisDown"
)


def cells(row: Row) -> list[str]:
    return [cell.strip() for cell in table([row]).splitlines()[-1].strip("|").split("|")]


def test_a_row_has_every_figure() -> None:
    assert cells(ROW) == ["**stop-redis**: Redis is stopped", "3", "1", "1", "12", "150", "0", "0", "RedisDown (75)"]
    assert ROW.problems == []


def test_an_alert_that_fired_before_or_was_kept_back_is_shown_so() -> None:
    alerts = [replace(FIRED, since=50), Alert("EdgeDown", 200, 220, sent=False)]
    assert cells(replace(ROW, alerts=alerts))[-1] == "RedisDown (since before), EdgeDown (100, kept back)"


def test_no_alert_has_its_reason() -> None:
    assert cells(replace(ROW, alerts=[], alert="", silent="too short"))[-1] == "none; too short"


def test_a_run_without_a_failure_has_no_last_one() -> None:
    assert cells(replace(ROW, sent=[GOOD]))[2:5] == ["0", "0", "none"]


def test_a_lost_acknowledgement_and_a_double_charge_are_counted_and_are_problems() -> None:
    row = replace(ROW, findings=[Finding(Wrong.LOST, "a"), Finding(Wrong.LOST, "b"), Finding(Wrong.DOUBLE_CHARGE, "c")])
    assert cells(row)[6:8] == ["2", "1"]
    assert row.problems == [
        "acknowledged and not in the registry: a",
        "acknowledged and not in the registry: b",
        "charged more than once: c",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"alerts": []}, "RedisDown did not fire"),
        ({"alerts": [replace(FIRED, since=50)]}, "RedisDown did not fire"),
        ({"no_failure": True}, "1 requests failed, and none may"),
        ({"whole_after": None}, "the stack was not whole again in time"),
        ({"problem": "could not be done: no replica"}, "could not be done: no replica"),
    ],
    ids=["alert", "alert of before", "failure", "whole", "done"],
)
def test_what_a_fault_promised_and_did_not_keep_is_a_problem(change: dict[str, Any], problem: str) -> None:
    assert replace(ROW, **change).problems == [problem]


def test_failures_are_counted_by_what_was_answered() -> None:
    lost = replace(BAD, status=None, error="ReadTimeout('')")
    assert failures(replace(ROW, sent=[BAD, BAD, lost])) == (
        "2 x mint 503 W4_ERR_UNAVAILABLE; 1 x mint ReadTimeout('')"
    )


def test_the_page_keeps_its_words_and_each_commands_last_two_runs(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    other = "<!-- make upgrade: begin -->\n### of an upgrade\n<!-- make upgrade: end -->\n"
    page.write_text(f"# Words\n\n<!-- make chaos: begin -->\n<!-- make chaos: end -->\n\n{other}")
    for number in range(3):
        write(run_section([replace(ROW, fault=f"run-{number}")], "make chaos", 60), "make chaos", page)
    text = page.read_text()
    assert text.startswith("# Words\n\n<!-- make chaos: begin -->\n### ")
    assert text.endswith(f" |\n<!-- make chaos: end -->\n\n{other}")
    assert text.index("run-2") < text.index("run-1") and "run-0" not in text
    assert text.count("### ") == 3
