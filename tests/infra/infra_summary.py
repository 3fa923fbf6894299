"""What matters of a program's objects, few enough lines to be read when they change."""

import re
from collections.abc import Callable
from typing import Any

from infra_recording import Program

Fields = dict[str, Any]


def summary(program: Program) -> dict[str, Fields]:
    """The key fields of each Kubernetes object by its kind, namespace and name; the hash in a Job's name left out."""
    found = {}
    for each in program.resources:
        if not each.type.startswith("kubernetes:"):
            continue
        metadata = each.inputs["metadata"]
        place = f"{metadata['namespace']}/" if "namespace" in metadata else ""
        name = re.sub(r"-[0-9a-f]{8}$", "-<hash>", metadata["name"])
        key = f"{each.kind} {place}{name}"
        assert key not in found, f"two objects are called {key}"
        found[key] = _SUMMARIES.get(each.kind, _some())(_whole(each.inputs))
    return found


def _whole(value: Any) -> Any:
    """`value` with whole numbers where Pulumi, which knows only one kind of number, made fractions of them."""
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _content(inputs: Fields) -> Fields:
    return {"keys": sorted({**inputs.get("data", {}), **inputs.get("stringData", {})})}


def _deployment(inputs: Fields) -> Fields:
    spec = inputs["spec"]
    return {"replicas": spec.get("replicas", "autoscaled"), **_pod(spec["template"]["spec"])}


def _job(inputs: Fields) -> Fields:
    return _pod(inputs["spec"]["template"]["spec"])


def _cron_job(inputs: Fields) -> Fields:
    spec = inputs["spec"]
    return {"schedule": spec["schedule"], **_pod(spec["jobTemplate"]["spec"]["template"]["spec"])}


def _pod(spec: Fields) -> Fields:
    return {"containers": {each["name"]: _container(each) for each in spec["containers"]}}


def _container(container: Fields) -> Fields:
    fields = {"image": container["image"], "limits": _amounts(container, "limits")}
    ports = [port["containerPort"] for port in container.get("ports", [])]
    return {**fields, "ports": ports} if ports else fields


def _amounts(holder: Fields, kind: str) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in sorted(holder.get("resources", {}).get(kind, {}).items()))


def _service(inputs: Fields) -> Fields:
    spec = inputs["spec"]
    ports = [f"{port['port']} -> {port.get('targetPort', port['port'])}" for port in spec["ports"]]
    return {"type": spec.get("type", "ClusterIP"), "ports": ports, "selector": spec.get("selector")}


def _network_policy(inputs: Fields) -> Fields:
    spec = inputs["spec"]
    rules = [*spec.get("ingress", []), *spec.get("egress", [])]
    ports = [f"{port['protocol']} {port['port']}" for rule in rules for port in rule.get("ports", [])]
    return {"types": spec["policyTypes"], "pods": spec["podSelector"].get("matchLabels", "all"), "ports": ports}


def _some(*names: str) -> Callable[[Fields], Fields]:
    """The spec's fields of these names, as far as it has them."""
    return lambda inputs: {name: inputs["spec"][name] for name in names if name in inputs.get("spec", {})}


def _cluster(inputs: Fields) -> Fields:
    fields = _some("instances", "imageName", "storage")(inputs)
    return {**fields, "limits": _amounts(inputs["spec"], "limits")}


def _watcher(inputs: Fields) -> Fields:
    fields = _some("replicas", "image", "version", "retention", "storage")(inputs)
    return {**fields, "limits": _amounts(inputs["spec"], "limits")}


_SUMMARIES: dict[str, Callable[[Fields], Fields]] = {
    "Alertmanager": _watcher,
    "Certificate": _some("secretName", "dnsNames", "issuerRef"),
    "Cluster": _cluster,
    "ConfigMap": _content,
    "CronJob": _cron_job,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _some("minReplicas", "maxReplicas"),
    "HTTPRoute": _some("hostnames", "parentRefs"),
    "Job": _job,
    "NetworkPolicy": _network_policy,
    "PodDisruptionBudget": _some("maxUnavailable", "minAvailable"),
    "Prometheus": _watcher,
    "ResourceQuota": _some("hard"),
    "Secret": _content,
    "Service": _service,
    "StatefulSet": _deployment,
}
