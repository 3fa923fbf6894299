"""The running stack as faults and audit see it."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from cluster_stack import Kubectl
from traffic.registry import Registry, read_registry

from chaos.traffic_process import TrafficProcess
from local.errors import UserError

CLUSTER, DATABASE = "web4-identity-db", "web4_identity_db"
DEPLOYMENTS = ("web4-identity", "web4-edge", "redis")
POLL_SECONDS = 1


@dataclass(frozen=True)
class Scene:
    """What is broken and watched.

    Attributes:
        kubectl: on the stack's cluster and namespace.
        traffic: the load that goes on meanwhile.
        run: what the load's societies are called after.
        edge: the edge's address and port.
    """

    kubectl: Kubectl
    traffic: TrafficProcess
    run: str
    edge: tuple[str, int]

    def pods(self, app: str) -> list[str]:
        """Return the names of an app's running pods."""
        words = ("get", "pods", f"--selector=app={app}", "--field-selector=status.phase=Running")
        found = self.kubectl.json(*words)["items"]
        return [pod["metadata"]["name"] for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def primary(self) -> str:
        """Return the pod of the database's primary."""
        return self.kubectl.json("get", "cluster", CLUSTER)["status"]["currentPrimary"]

    def sql(self, statement: str) -> str:
        """Return what the primary answers its superuser."""
        psql = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--quiet", f"--dbname={DATABASE}")
        command = (*psql, "--set=ON_ERROR_STOP=1", f"--command={statement}")
        return self.kubectl("exec", self.primary(), "--container=postgres", "--", *command).strip()

    def registry(self) -> Registry:
        """Return what the load's societies hold now."""
        return read_registry(self.run, self.sql, self._violations)

    def _violations(self) -> list[str]:
        words = ("exec", "deployment/web4-identity", "--", "web4-identity", "ledger", "verify")
        done = subprocess.run(
            [*self.kubectl.words, "--namespace=web4", *words], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return []
        return [line for line in done.stderr.splitlines() if line.startswith("web4-identity: ")] or [done.stderr]

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
        return healthy and status.get("readyInstances") == database["spec"]["instances"]

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


def _complete(deployment: dict) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    return seen and wanted > 0 and counts == [wanted] * 3


def patch(body: dict) -> str:
    """Return it as kubectl's option."""
    return f"--patch={json.dumps(body)}"
