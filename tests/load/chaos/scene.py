"""The running stack as faults and audit see it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from running import CLUSTER, Running

from chaos.traffic_process import TrafficProcess
from local.errors import UserError

DEPLOYMENTS = ("web4-identity", "web4-edge", "redis")
POLL_SECONDS = 1


@dataclass(frozen=True)
class Scene(Running):
    """What is broken and watched.

    Attributes:
        traffic: the load that goes on meanwhile.
        edge: the edge's address and port.
        folder: where the run keeps what it writes.
    """

    traffic: TrafficProcess
    edge: tuple[str, int]
    folder: Path

    def pods(self, app: str) -> list[str]:
        """Return the names of an app's running pods."""
        words = ("get", "pods", f"--selector=app={app}", "--field-selector=status.phase=Running")
        found = self.kubectl.json(*words)["items"]
        return [pod["metadata"]["name"] for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def whole(self) -> bool:
        """Whether every part is there, as often as it should be, and ready."""
        try:
            if not all(_complete(self.kubectl.json("get", "deployment", name)) for name in DEPLOYMENTS):
                return False
            database = self.kubectl.json("get", "cluster", CLUSTER)
        except AssertionError:  # the API server does not answer
            return False
        status = database["status"]
        healthy = status.get("phase") == "Cluster in healthy state"
        return bool(healthy and status.get("readyInstances") == database["spec"]["instances"])

    def wait_until_whole(self, seconds: float) -> None:
        """Wait for that; raises UserError when it takes longer than `seconds`."""
        wait_until(self.whole, "the stack is whole", seconds)


def wait_until(met: Callable[[], bool], what: str, seconds: float) -> None:
    """Ask until it is so; raises UserError when it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            raise UserError(f"not within {seconds:.0f} s: {what}")
        time.sleep(POLL_SECONDS)


def _complete(deployment: dict[str, Any]) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    return seen and wanted > 0 and counts == [wanted] * 3


def patch(body: dict[str, Any]) -> str:
    """Return it as kubectl's option."""
    return f"--patch={json.dumps(body)}"
