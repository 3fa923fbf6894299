"""The simulated nodes: three zones, of which one may fall silent and come back."""

from typing import Any

from tests.simulation.client import Client

ZONE = "topology.kubernetes.io/zone"
ZONES = ("zone-a", "zone-b", "zone-c")
COUNT = 200
SIZE = {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}


def nodes() -> list[dict[str, Any]]:
    """All of them, dealt out to the zones in turn."""
    return [_node(f"node-{number:03}", ZONES[number % len(ZONES)]) for number in range(COUNT)]


def lose(client: Client, zone: str) -> None:
    """The nodes of a zone fall silent: kwok lets go of them, so their leases are renewed no more."""
    client.run("label", "nodes", f"--selector={ZONE}={zone}", "simulation=lost", "--overwrite")


def bring_back(client: Client, zone: str) -> None:
    """They speak again."""
    client.run("label", "nodes", f"--selector={ZONE}={zone}", "simulation=alive", "--overwrite")


def _node(name: str, zone: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                ZONE: zone,
                "simulation": "alive",
            },
            "annotations": {"metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource"},
        },
        "status": {"allocatable": SIZE, "capacity": SIZE},
    }
