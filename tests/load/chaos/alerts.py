"""The alerts that the running Alertmanager has, noted as they come."""

import json
import threading
import time
from datetime import datetime

from cluster_stack import Kubectl

from chaos.row import Alert
from monitoring.slo import TIERS

POLL_SECONDS = 3
HEARTBEAT = "Watchdog"
QUICK = ("", TIERS[0].long)
"""The windows of alerts that begin and end within minutes: none, or the shortest of a burn rate (monitoring/slo.py)."""


class AlertWatch:
    """Asks every three seconds, from entry to exit."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl, self._done = kubectl, threading.Event()
        self._seen: dict[tuple[str, str, float], Alert] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "AlertWatch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def since(self, moment: float) -> list[Alert]:
        """Return one alert of each name that fired after `moment`: the first that began then, or else from before."""
        first: dict[str, Alert] = {}
        order = sorted(list(self._seen.values()), key=lambda alert: (alert.since < moment, alert.since, not alert.sent))
        for alert in order:
            if alert.last >= moment:
                first.setdefault(alert.name, alert)
        return sorted(first.values(), key=lambda alert: alert.since)

    def fired(self, name: str, moment: float) -> bool:
        """Whether an alert of that name, of the shortest window, began to fire after `moment`."""
        return any(alert.since >= moment for alert in self._quick(name))

    def firing(self, name: str) -> bool:
        """Whether an alert of that name, of the shortest window, was there when Alertmanager was last asked."""
        return any(alert.last >= time.time() - 2 * POLL_SECONDS for alert in self._quick(name))

    def _quick(self, name: str) -> list[Alert]:
        """Those that one fault raises; a longer window's goes on for hours for the faults before."""
        return [each for each in list(self._seen.values()) if each.name == name and each.window in QUICK]

    def _run(self) -> None:
        while not self._done.wait(POLL_SECONDS):
            try:
                text = self._kubectl.proxy("services", "alertmanager-operated", "9093", "/api/v2/alerts")
            except AssertionError:  # it, or the API server, is away
                continue
            for each in json.loads(text):
                self._note(each["labels"], each["startsAt"], each["status"]["state"])

    def _note(self, labels: dict[str, str], starts_at: str, state: str) -> None:
        name, window = labels["alertname"], labels.get("window", "")
        if name == HEARTBEAT or state == "unprocessed":
            return
        since = datetime.fromisoformat(starts_at).timestamp()
        seen = self._seen.get((name, window, since))
        sent = state == "active" or bool(seen and seen.sent)
        self._seen[name, window, since] = Alert(name, since, time.time(), sent, window)
