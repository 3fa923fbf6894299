"""A webhook receiver in the cluster, and Alertmanager configured to call it as it would call a pager."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cluster_stack import Kubectl

from infra.alertmanager_conf import render_alertmanager_conf
from infra.settings import MonitoringSettings

NAME, PORT = "test-alert-inbox", 8080
CONFIG = "web4-alertmanager-config"
SERVER = f"""
import http.server, sys
class Inbox(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode().strip(), flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.HTTPServer(("", {PORT}), Inbox).serve_forever()
"""
RECEIVER = {"kind": "webhook", "secret_name": NAME, "port": PORT}
SETTINGS = {
    "pager": RECEIVER,
    "tickets": RECEIVER,
    "chat": RECEIVER,
    "heartbeat": {"secret_name": NAME, "port": PORT, "seconds": 30},
}


class Inbox:
    """What Alertmanager has sent so far."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def received(self, receiver: str, alert: str) -> list[dict[str, Any]]:
        """The notifications to a receiver about an alert, oldest first."""
        sent = [json.loads(line) for line in self._kubectl("logs", f"pod/{NAME}").splitlines()]
        return [each for each in sent if each["receiver"] == receiver and each["groupLabels"]["alertname"] == alert]

    def names(self) -> set[str]:
        """The alerts that any notification was about."""
        lines = self._kubectl("logs", f"pod/{NAME}").splitlines()
        return {alert["labels"]["alertname"] for line in lines for alert in json.loads(line)["alerts"]}


def wait_until(what: str, ready: Callable[[], object], seconds: int) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(2)


@contextmanager
def open_inbox(kubectl: Kubectl) -> Iterator[Inbox]:
    """Have every receiver's notifications in one place, and Alertmanager as it was afterwards."""
    before = kubectl.json("get", "secret", CONFIG)["data"]["alertmanager.yaml"]
    image = kubectl.json("get", "deployment", "web4-identity")["spec"]["template"]["spec"]["containers"][0]["image"]
    try:
        kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": _items(image)}))
        kubectl("wait", f"pod/{NAME}", "--for=condition=Ready", "--timeout=60s")
        conf = render_alertmanager_conf(MonitoringSettings.model_validate(SETTINGS))
        _configure(kubectl, base64.b64encode(conf.encode()).decode(), [NAME])
        yield Inbox(kubectl)
    finally:
        _configure(kubectl, before, None)
        kubectl("delete", "pod,service,secret,networkpolicy", f"--selector=app={NAME}", "--now")


def _configure(kubectl: Kubectl, conf: str, secrets: list[str] | None) -> None:
    """Give Alertmanager a configuration and the Secrets it reads, and wait until its pod has both."""
    generation = kubectl.json("get", "statefulset", "alertmanager-web4")["metadata"]["generation"]
    kubectl("patch", "secret", CONFIG, "--type=merge", f"--patch={json.dumps({'data': {'alertmanager.yaml': conf}})}")
    patch = json.dumps({"spec": {"secrets": secrets}})
    done = kubectl("patch", "alertmanagers.monitoring.coreos.com", "web4", "--type=merge", f"--patch={patch}")
    if "no change" not in done:  # as a run that was killed may have left it
        wait_until(
            "the operator takes the change up",
            lambda: kubectl.json("get", "statefulset", "alertmanager-web4")["metadata"]["generation"] > generation,
            seconds=60,
        )
    kubectl("rollout", "status", "statefulset/alertmanager-web4", "--timeout=120s")


def _items(image: str) -> list[dict[str, Any]]:
    meta = {"name": NAME, "labels": {"app": NAME}}
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    inbox = {"podSelector": {"matchLabels": {"app": NAME}}}
    alertmanager = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "alertmanager"}}}
    ports = [{"port": PORT}]
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta,
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 10001,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "inbox",
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["python3", "-c", SERVER],
                        "securityContext": restricted,
                        "resources": {
                            "requests": {"cpu": "10m", "memory": "32Mi"},
                            "limits": {"cpu": "100m", "memory": "64Mi"},
                        },
                    }
                ],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"selector": {"app": NAME}, "ports": ports},
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"url": f"http://{NAME}:{PORT}/"}},
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": meta,
            "spec": {**inbox, "policyTypes": ["Ingress"], "ingress": [{"from": [alertmanager], "ports": ports}]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {**meta, "name": f"{NAME}-out"},
            "spec": {**alertmanager, "policyTypes": ["Egress"], "egress": [{"to": [inbox], "ports": ports}]},
        },
    ]
