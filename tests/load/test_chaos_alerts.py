"""Which alerts a fault is said to have raised."""

import json
import time
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from chaos.alerts import AlertWatch
from cluster_stack import Kubectl

pytestmark = pytest.mark.unit

NOW = time.time()


class Alertmanager:
    """Answers as kubectl's proxy does, once; the watch is asked afterwards."""

    def __init__(self, *alerts: dict[str, Any]) -> None:
        self._alerts = alerts
        self.asked = False

    def proxy(self, *_: str) -> str:
        self.asked = True
        return json.dumps(self._alerts)


def alert(name: str, began: float, window: str = "", state: str = "active") -> dict[str, Any]:
    labels = {"alertname": name} | ({"window": window} if window else {})
    return {"labels": labels, "startsAt": datetime.fromtimestamp(began, UTC).isoformat(), "status": {"state": state}}


def watched(monkeypatch: pytest.MonkeyPatch, *alerts: dict[str, Any]) -> AlertWatch:
    monkeypatch.setattr("chaos.alerts.POLL_SECONDS", 0.01)
    manager = Alertmanager(*alerts)
    with AlertWatch(cast(Kubectl, manager)) as watch:
        while not manager.asked:
            time.sleep(0.01)
    monkeypatch.setattr("chaos.alerts.POLL_SECONDS", 3)
    return watch


def test_a_long_window_says_nothing_of_the_last_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch, alert("MintAvailabilityBurn", NOW - 1, "6h"))
    assert not watch.firing("MintAvailabilityBurn")
    assert not watch.fired("MintAvailabilityBurn", NOW - 10)


def test_the_shortest_window_and_none_are_the_faults_own(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch, alert("MintAvailabilityBurn", NOW - 1, "1h"), alert("RedisDown", NOW - 100))
    assert watch.firing("MintAvailabilityBurn") and watch.firing("RedisDown")
    assert watch.fired("MintAvailabilityBurn", NOW - 10) and not watch.fired("RedisDown", NOW - 10)


def test_of_one_name_what_began_with_the_fault_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(
        monkeypatch, *(alert("MintAvailabilityBurn", NOW - ago, window) for ago, window in ((900, "6h"), (1, "1h")))
    )
    assert [each.since for each in watch.since(NOW - 10)] == [pytest.approx(NOW - 1)]


def test_neither_the_heartbeat_nor_what_is_not_judged_yet_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch, alert("Watchdog", NOW), alert("RedisDown", NOW, state="unprocessed"))
    assert watch.since(NOW - 10) == []
