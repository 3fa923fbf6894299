"""What the rules read from Kubernetes objects: their names, and the pods that they make."""

from collections.abc import Iterator, Mapping
from typing import Any

Manifest = Mapping[str, Any]

_TEMPLATE = ("spec", "template")
POD_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": (),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"), _TEMPLATE),
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", *_TEMPLATE),
}
"""Where each kind that makes pods describes them: metadata and spec."""


def subject(manifest: Manifest) -> str:
    """The object's kind and name, such as `Deployment web4/redis` or `Namespace web4`."""
    metadata = manifest.get("metadata") or {}
    place = [metadata[key] for key in ("namespace", "name") if metadata.get(key)]
    return f"{manifest['kind']} {'/'.join(place)}"


def pod(manifest: Manifest) -> Manifest | None:
    """The pod that an object is or makes: its metadata and spec; None for an object that makes none."""
    if manifest["kind"] not in POD_PATHS:
        return None
    found = manifest
    for key in POD_PATHS[manifest["kind"]]:
        found = found[key]
    return found


def containers(pod_spec: Manifest) -> Iterator[Manifest]:
    """Every container of a pod, the ones that run first and the ones added for debugging included."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod_spec.get(key) or ()


def security_context(holder: Manifest) -> Manifest:
    """The securityContext of a pod's spec or of a container; empty when there is none."""
    return holder.get("securityContext") or {}


def variables(pod_spec: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Each environment variable, with the name of its container."""
    for container in containers(pod_spec):
        for variable in container.get("env") or ():
            yield container["name"], variable


def labels(manifest: Manifest) -> Manifest:
    """The labels of an object."""
    return (manifest.get("metadata") or {}).get("labels") or {}
