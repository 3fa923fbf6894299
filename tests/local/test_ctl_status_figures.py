"""`web4ctl status`: what it makes of the figures and alerts that Prometheus has."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from recorded_stack import WATCHDOG, alert, figures, found, staging

from local.status import postgres, watched

pytestmark = pytest.mark.unit


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
