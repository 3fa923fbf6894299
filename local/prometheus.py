"""A stack's Prometheus, asked from this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from infra.components.prometheus import SERVICE
from local.errors import UserError
from local.forward import forwarded
from local.place import Place

PORT = 9090
ANSWER_SECONDS = 10


@dataclass(frozen=True)
class Alert:
    """An alert as Prometheus has it.

    Attributes:
        name: the rule's.
        state: `firing`, or `pending` while its condition has not held for long enough.
        severity: critical, warning, info, or none.
        began: since when its condition holds.
        summary: what it says.
        runbook: where it says what to do.
        labels: what tells it from others of its name.
    """

    name: str
    state: str
    severity: str
    began: datetime
    summary: str
    runbook: str
    labels: dict[str, str]


class Prometheus:
    """Its HTTP API. Each method raises UserError if it does not answer, or refuses the question."""

    def __init__(self, client: httpx.Client) -> None:
        """Take a client whose base is Prometheus's URL."""
        self._client = client

    def vector(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and the value of each series that the expression gives now."""
        found = self._get("/api/v1/query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def number(self, expression: str) -> float | None:
        """Return the one value that the expression gives now; None if it gives none."""
        found = self.vector(expression)
        return found[0][1] if found else None

    def alerts(self) -> list[Alert]:
        """Return every alert that is firing or pending."""
        return [
            Alert(
                name=each["labels"]["alertname"],
                state=each["state"],
                severity=each["labels"].get("severity", ""),
                began=datetime.fromisoformat(each["activeAt"]),
                summary=each["annotations"].get("summary", ""),
                runbook=each["annotations"].get("runbook_url", ""),
                labels=each["labels"],
            )
            for each in self._get("/api/v1/alerts")["alerts"]
        ]

    def _get(self, path: str, **parameters: str) -> Any:
        try:
            answer = self._client.get(path, params=parameters)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UserError(f"Prometheus does not answer ({error})") from None
        if body.get("status") != "success":
            raise UserError(f"Prometheus refuses the question: {body.get('error', answer.status_code)}")
        return body["data"]


@contextmanager
def asked(place: Place) -> Iterator[Prometheus]:
    """Give the stack's Prometheus while the block runs.

    Raises:
        UserError: no pod of it runs, or it may not be forwarded to.
    """
    with (
        forwarded(place, SERVICE, PORT) as forward,
        httpx.Client(base_url=f"http://127.0.0.1:{forward.port}", timeout=ANSWER_SECONDS, trust_env=False) as client,
    ):
        yield Prometheus(client)
