"""A stack whose Kubernetes and Prometheus answer what a test says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local.errors import UserError
from local.place import Place, stack_settings
from local.prometheus import Prometheus
from local.target import Target


@dataclass(frozen=True)
class RecordedPlace(Place):
    """Answers `get KIND` with the object under that kind, a string as it is; what is not there is forbidden."""

    answers: Mapping[str, Any] = field(default_factory=dict)

    def kubectl(self, *words: str, stdin: str = "") -> str:
        kind = words[1]
        if kind not in self.answers:
            raise UserError(f'`kubectl get {kind}` failed: {kind} is forbidden: User "me" cannot list resource')
        answer = self.answers[kind]
        return answer if isinstance(answer, str) else json.dumps(answer)


def staging(home: Path, **answers: Any) -> RecordedPlace:
    """Return stack staging, which has 3 Postgres, backups elsewhere and Grafana. HOME must be `home`."""
    (home / ".kube").mkdir(exist_ok=True)
    config = home / ".kube" / "config"
    config.write_text("")
    named = {name.replace("_", "."): answer for name, answer in answers.items()}
    return RecordedPlace("staging", Target(config, "staging", embedded=False), stack_settings("staging"), named)


def figures(answers: Mapping[str, Any], alerts: list[dict[str, Any]] | None = None) -> Prometheus:
    """Return a Prometheus that answers each expression with a number, or with numbers by the value of one label."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/alerts"):
            return _success({"alerts": alerts or []})
        found = answers.get(request.url.params["query"])
        if found is None:
            return _success({"result": []})
        if isinstance(found, Mapping):
            ((label, values),) = found.items()
            series = [{"metric": {label: key}, "value": [0, str(value)]} for key, value in values.items()]
            return _success({"result": series})
        return _success({"result": [{"metric": {}, "value": [0, str(found)]}]})

    return Prometheus(httpx.Client(base_url="http://prometheus.test", transport=httpx.MockTransport(answer)))


def _success(data: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": data})
