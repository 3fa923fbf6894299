"""Prod's objects, as `make render STACK=prod` writes them, that decide where pods go and how many there are."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from infra_stacks import EDITED

from infra.environments import overlay
from local import render

APPLIED = (
    *("Namespace", "PriorityClass", "ResourceQuota", "LimitRange", "Service", "ServiceAccount", "ConfigMap"),
    *("Deployment", "PodDisruptionBudget", "HorizontalPodAutoscaler"),
)
"""In the order to apply them in. Left out: what needs an operator (see `stand_ins`), Secrets and policies, which move
no pod, and jobs."""
STAND_INS: dict[str, tuple[str, Callable[[str], str]]] = {
    "Cluster": ("cnpg.io/cluster", lambda name: name),
    "Prometheus": ("app.kubernetes.io/name", lambda _: "prometheus"),
    "Alertmanager": ("app.kubernetes.io/name", lambda _: "alertmanager"),
}
"""Kinds whose operator does not run here, and the label that it gives their pods."""


def rendered(folder: Path) -> list[dict[str, Any]]:
    """Every object of prod's committed example, edited as its comments ask for."""
    render.render("prod", overlay(render.configuration("prod"), EDITED), folder)
    return [yaml.safe_load(file.read_text()) for file in sorted(folder.rglob("*.yaml"))]


def applied(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that the simulation takes as they are."""
    found = [each for each in objects if each["kind"] in APPLIED]
    # A claim would wait for a volume, which nothing here makes: the Pushgateway's pod goes without.
    kept = [each for each in found if not _claims(each)]
    return sorted(kept, key=lambda each: APPLIED.index(each["kind"]))


def stand_ins(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """For each object of an operator, a StatefulSet with its replicas, priority, requests and spread.

    Their volumes are left out, so they say where pods first go, and nothing of how an operator replaces them.
    """
    for each in objects:
        if each["kind"] in STAND_INS:
            label, value = STAND_INS[each["kind"]]
            yield _stand_in(each, {label: value(each["metadata"]["name"])})


def _claims(deployment: dict[str, Any]) -> bool:
    if deployment["kind"] != "Deployment":
        return False
    return any(
        "persistentVolumeClaim" in volume for volume in deployment["spec"]["template"]["spec"].get("volumes", ())
    )


def _stand_in(custom: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    spec = custom["spec"]
    container = {
        "name": "stand-in",
        "image": "stand-in",
        "resources": spec["resources"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "priorityClassName": spec["priorityClassName"],
        "topologySpreadConstraints": spec["topologySpreadConstraints"],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": f"{custom['kind'].lower()}-{custom['metadata']['name']}",
            "namespace": custom["metadata"]["namespace"],
            "labels": {"simulation": "stand-in"},
        },
        "spec": {
            "replicas": spec.get("replicas") or spec["instances"],
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
