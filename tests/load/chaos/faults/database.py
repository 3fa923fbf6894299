"""The primary of the database goes: at once, and as when its node is drained."""

import json

from chaos.fault import Fault
from chaos.faults.pods import KILL
from chaos.scene import Scene, wait_until

FAILOVER_SECONDS = 120


class KillPrimary(Fault):
    """A replica has to take over, and has all that was acknowledged."""

    name = "kill-primary"
    what = "the database's primary is killed without notice; a replica takes over"
    silent = "the failover is over before the `for` of DatabaseInstanceDown (5 min) and of the burn rates is"

    def inject(self, scene: Scene) -> None:
        """Kill it, and see another one take its place."""
        old = scene.primary()
        scene.kubectl("delete", "pod", old, *KILL)
        wait_until(lambda: scene.primary() != old, "a replica takes over", FAILOVER_SECONDS)


class DrainPrimary(Fault):
    """What `kubectl drain` does with it: an eviction, which the budget refuses until the operator has switched over.

    The node itself stays in use: it is the only one, and everything evicted must come back to it.
    """

    name = "drain-primary"
    what = "the primary's pod is evicted by the eviction API until that obeys, as a drain of its node does"
    silent = "planned: the operator moves the primary first, and the failover is over before any `for` is"

    def inject(self, scene: Scene) -> None:
        """Ask for the eviction until it is granted."""
        pod = scene.primary()
        wait_until(lambda: _evicted(scene, pod), f"{pod} is evicted", FAILOVER_SECONDS)


def _evicted(scene: Scene, pod: str) -> bool:
    """Ask once; the API answers 429 while a disruption budget forbids it."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    path = f"/api/v1/namespaces/web4/pods/{pod}/eviction"
    try:
        scene.kubectl("create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))
    except AssertionError as refused:
        if "disruption budget" in str(refused):
            return False
        raise
    return True
