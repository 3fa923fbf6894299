"""A stack whose Kubernetes and Prometheus answer what a test says, and answers of one that is well."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.errors import UserError
from local.place import Place, stack_settings
from local.prometheus import Prometheus
from local.status import postgres
from local.status.model import Row
from local.target import Target

KINDS = "deployments.apps,statefulsets.apps"
CLUSTERS = "clusters.postgresql.cnpg.io"


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


def found(rows: list[Row]) -> dict[str, Row]:
    """Return the rows by their names."""
    return {row.name: row for row in rows}


def ago(**duration: float) -> str:
    """Return the time so long ago, as Kubernetes and Prometheus write one."""
    return (datetime.now(UTC) - timedelta(**duration)).isoformat().replace("+00:00", "Z")


def workload(name: str, ready: int, wanted: int, **spec: Any) -> dict[str, Any]:
    """Return a Deployment of which `ready` of `wanted` pods are ready."""
    return {"metadata": {"name": name}, "spec": {"replicas": wanted, **spec}, "status": {"readyReplicas": ready}}


def all_workloads(**changed: dict[str, Any]) -> dict[str, Any]:
    """Return all that the stack runs, ready but for what is given under its name."""
    names = [
        "web4-identity",
        "web4-edge",
        "redis",
        "prometheus-web4",
        "alertmanager-web4",
        "web4-pushgateway",
        "grafana",
    ]
    return {"items": [changed.get(name, workload(name, 3, 3)) for name in names]}


def cluster(**status: Any) -> dict[str, Any]:
    """Return the Postgres cluster as its operator shows it, well but for `status`."""
    archiving = {"type": "ContinuousArchiving", "status": "True", "message": "Continuous archiving is working"}
    well = {
        "readyInstances": 3,
        "currentPrimary": "db-1",
        "phase": postgres.HEALTHY,
        "lastSuccessfulBackup": ago(hours=5),
        "conditions": [archiving],
    }
    return {"spec": {"instances": 3}, "status": {**well, **status}}


def certificate(days: float) -> str:
    """Return a certificate that ends in so many days, as a Secret has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days, minutes=1))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def alert(name: str, severity: str, state: str = "firing", **began: float) -> dict[str, Any]:
    """Return an alert as Prometheus lists it."""
    return {
        "labels": {"alertname": name, "severity": severity},
        "annotations": {"summary": f"{name} it is", "runbook_url": f"monitoring/runbooks/{name}.md"},
        "state": state,
        "activeAt": ago(**(began or {"minutes": 5})),
    }


WATCHDOG = alert("Watchdog", "none")


def _success(data: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": data})
