"""What can be seen of the stack in the simulated cluster, and the load that its pods are told to have."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from local.errors import UserError
from tests.simulation.client import Client
from tests.simulation.nodes import ZONE, ZONES, nodes

NAMESPACE = "web4"
PATIENCE_SECONDS = 180
"""The longest that the cluster gets for what it should do by itself."""

_ZONE_OF = {node["metadata"]["name"]: node["metadata"]["labels"][ZONE] for node in nodes()}


class View:
    """The stack from outside. `load` is how many cores an app's pods use together."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.load: dict[str, float] = {}

    def settled(self, is_so: Callable[[], bool]) -> bool:
        """Wait until `is_so`, dealing the load out to the pods there are meanwhile; False after PATIENCE_SECONDS."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := is_so()) and time.monotonic() < deadline:
            self._share_load()
            time.sleep(2)
        return found

    def pods(self, app: str) -> list[dict[str, Any]]:
        """The pods of an app that nobody has asked to end."""
        found = self.client.list("pods", NAMESPACE, app if "=" in app else f"app={app}")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def ready(self, app: str) -> list[dict[str, Any]]:
        """Those that are Ready."""
        return [pod for pod in self.pods(app) if _is_ready(pod)]

    def names(self, app: str) -> set[str]:
        """The pods' names."""
        return {pod["metadata"]["name"] for pod in self.pods(app)}

    def spread(self, app: str) -> list[int]:
        """How many of them are in each zone."""
        found = Counter(zone_of(pod) for pod in self.ready(app))
        return [found[zone] for zone in ZONES]

    def wanted(self, app: str) -> int:
        """How many pods its Deployment is to have, which the autoscaler says."""
        (found,) = self.client.list("deployments", NAMESPACE, f"app={app}")
        return int(found["spec"]["replicas"])

    def complete(self, app: str, count: int = 0) -> bool:
        """Whether an app has all the pods it wants (`count`, if given), each Ready, and no other."""
        wanted = self.wanted(app)
        return len(self.ready(app)) == len(self.pods(app)) == wanted and count in (0, wanted)

    def endpoints(self, service: str) -> list[str]:
        """The zone of each pod that a Service sends to."""
        slices = self.client.list("endpointslices", NAMESPACE, f"kubernetes.io/service-name={service}")
        found = [each for part in slices for each in part["endpoints"] or () if each["conditions"]["ready"]]
        return [_ZONE_OF[each["nodeName"]] for each in found]

    def _share_load(self) -> None:
        for app, cores in self.load.items():
            names = [f"pod/{pod['metadata']['name']}" for pod in self.ready(app)]
            if names:
                share = f"kwok.x-k8s.io/usage-cpu={cores / len(names) * 1000:.0f}m"
                with suppress(UserError):  # one of them has ended meanwhile; the next round deals out again
                    self.client.run("annotate", "--overwrite", f"--namespace={NAMESPACE}", *names, share)


def zone_of(pod: dict[str, Any]) -> str:
    """Where a pod is."""
    return str(_ZONE_OF[pod["spec"]["nodeName"]])


def even(spread: list[int]) -> bool:
    """Whether no zone has two more than another."""
    return max(spread) - min(spread) <= 1


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))
