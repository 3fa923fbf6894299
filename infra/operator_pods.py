"""What the pods that the Prometheus Operator makes for us have in common.

The operator itself gives their containers a read-only root file system and no capability; the rest is said here.
"""

from typing import Any

NOBODY = 65534
"""The user of Prometheus's published images, and of ours."""


def operator_pod_security() -> dict[str, Any]:
    """The pod's part of what infra/pods.py sets for our own pods, as these custom resources spell it."""
    return {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "fsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    }


def volume(size: str | None) -> dict[str, Any]:
    """A volume of `size` (a quantity) for each pod; none keeps the data for as long as the pod lives."""
    if size is None:
        return {}
    claim = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}}
    return {"storage": {"volumeClaimTemplate": claim}}
