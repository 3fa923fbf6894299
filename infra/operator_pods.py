"""What the pods that operators make for us have in common.

The Prometheus Operator itself gives its containers a read-only root file system and no capability; the rest is said
here.
"""

from typing import Any

from infra.availability import NODE_TAINTS, TOPOLOGIES
from infra.pods import PodArgs, with_disk
from infra.priorities import Priority, priority_class

NOBODY = 65534
"""The user of Prometheus's published images, and of ours."""


def operator_pod(args: PodArgs, resources: dict[str, dict[str, str]], disk: str) -> dict[str, Any]:
    """The pod's part of what infra/pods.py sets for our own pods, as these custom resources spell it.

    In: the component's arguments, requests and limits, and the limit on disk beside a volume.
    """
    return {
        "enableServiceLinks": False,
        "priorityClassName": priority_class(args.namespace, Priority.WATCHING),
        "resources": with_disk(resources, args.pods, "64Mi", disk),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "fsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def operator_spread(args: PodArgs, label: str, value: str) -> list[dict[str, Any]]:
    """The pods that an operator gives this label, evenly over zones and nodes."""
    return [
        {
            "topologyKey": key,
            "maxSkew": 1,
            "whenUnsatisfiable": args.pods.spread,
            "nodeTaintsPolicy": NODE_TAINTS,
            "labelSelector": {"matchLabels": {label: value}},
        }
        for key in TOPOLOGIES
    ]


def volume(size: str | None) -> dict[str, Any]:
    """A volume of `size` (a quantity) for each pod; none keeps the data for as long as the pod lives."""
    if size is None:
        return {}
    claim = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}}
    return {"storage": {"volumeClaimTemplate": claim}}
