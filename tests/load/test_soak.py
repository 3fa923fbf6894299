"""What `make soak` says of a run: which memory is flat, and what is a problem."""

from dataclasses import replace
from typing import Any

import pytest
from soak.memory import Memory
from soak.report import HEADS, Soak
from traffic.audit import Finding, Wrong
from traffic.record import Sent

pytestmark = pytest.mark.unit

SECONDS = 1800
TIMES = range(0, SECONDS, 30)
STEADY = Memory("web4-identity-a", [(at, 100e6 + at % 60 * 1e4) for at in TIMES])
# 60 MB an hour, from 100 MB on.
GROWING = Memory("web4-identity-b", [(at, 100e6 + at / 3600 * 60e6) for at in TIMES])
FILLING = Memory("web4-identity-db-1", [(at, min(100e6, 20e6 + at * 1e6)) for at in TIMES])
GOOD = Sent(101, 101.1, "mint", True, 201)
SOAK = Soak(SECONDS, [STEADY, FILLING], [GOOD] * 200, [], [])


def test_memory_that_stays_or_fills_at_first_is_flat() -> None:
    assert STEADY.flat(SECONDS) and FILLING.flat(SECONDS)
    assert FILLING.slope(SECONDS) == pytest.approx(0)
    assert FILLING.medians(SECONDS) == (100e6, 100e6)


def test_memory_that_grows_is_not() -> None:
    assert not GROWING.flat(SECONDS)
    assert GROWING.slope(SECONDS) == pytest.approx(60e6)
    first, last = GROWING.medians(SECONDS)
    assert last - first == pytest.approx(60e6 * (SECONDS * 5 / 6 * 2 / 3) / 3600, rel=0.05)


def test_the_margin_is_for_small_pods() -> None:
    def grown(begin: float, end: float) -> bool:
        return Memory("x", [(at, begin if at < SECONDS / 2 else end) for at in TIMES]).flat(SECONDS)

    assert grown(10e6, 15e6) and not grown(10e6, 17e6)
    assert grown(200e6, 224e6) and not grown(200e6, 226e6)


def test_a_good_run_has_no_problem_and_a_row_for_each_pod() -> None:
    assert SOAK.problems == []
    lines = SOAK.text("`make soak`").splitlines()
    assert "30 minutes, 200 requests" in lines[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert cells[0] == list(HEADS)
    assert cells[3] == ["web4-identity-db-1", "100.0", "100.0", "+0.0", "100.0", "50", "yes"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"memories": [STEADY, GROWING]}, "web4-identity-b grows"),
        ({"changed": ["redis-1"]}, "redis-1 was restarted or replaced"),
        ({"sent": [GOOD, replace(GOOD, ok=False, status=503)]}, "1 of 2 requests failed"),
        ({"findings": [Finding(Wrong.LOST, "a")]}, "acknowledged and not in the registry: a"),
    ],
    ids=["memory", "restart", "failure", "audit"],
)
def test_a_problem_is_said(change: dict[str, Any], problem: str) -> None:
    soak = replace(SOAK, **change)
    assert soak.problems == [problem]
    assert "1 problems" in soak.text("x") and f"- {problem}" in soak.text("x")
