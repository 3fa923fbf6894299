"""The alerts that the running Alertmanager has, noted as they come."""

import json
import threading
import time
from datetime import datetime

from cluster_stack import Kubectl

from chaos.row import Alert

POLL_SECONDS = 3
HEARTBEAT = "Watchdog"


class AlertWatch:
    """Asks every three seconds, from entry to exit."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl, self._done = kubectl, threading.Event()
        self._seen: dict[tuple[str, float], Alert] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "AlertWatch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def since(self, moment: float) -> list[Alert]:
        """Return one alert of each name that fired after `moment`, the one that began first, oldest first."""
        first: dict[str, Alert] = {}
        for alert in sorted(list(self._seen.values()), key=lambda alert: (alert.since, not alert.sent)):
            if alert.last >= moment:
                first.setdefault(alert.name, alert)
        return list(first.values())

    def fired(self, name: str, moment: float) -> bool:
        """Whether an alert of that name began to fire after `moment`."""
        return any(alert.name == name and alert.since >= moment for alert in list(self._seen.values()))

    def firing(self, name: str) -> bool:
        """Whether an alert of that name was there when Alertmanager was last asked."""
        return any(alert.name == name for alert in self.since(time.time() - 2 * POLL_SECONDS))

    def _run(self) -> None:
        while not self._done.wait(POLL_SECONDS):
            try:
                text = self._kubectl.proxy("services", "alertmanager-operated", "9093", "/api/v2/alerts")
            except AssertionError:  # it, or the API server, is away
                continue
            for each in json.loads(text):
                self._note(each["labels"]["alertname"], each["startsAt"], each["status"]["state"])

    def _note(self, name: str, starts_at: str, state: str) -> None:
        if name == HEARTBEAT or state == "unprocessed":
            return
        since = datetime.fromisoformat(starts_at).timestamp()
        seen = self._seen.get((name, since))
        sent = state == "active" or bool(seen and seen.sent)
        self._seen[name, since] = Alert(name, since, time.time(), sent)
