"""The primary of the database goes: at once, and as when its node is drained."""

import json

from running import CLUSTER

from chaos.fault import Fault
from chaos.faults.pods import KILL
from chaos.scene import Scene, patch, wait_until
from local.errors import UserError

FAILOVER_SECONDS = 180


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
    """What a drain of the primary's node does with it; the node itself stays in use, as it is the only one.

    The operator promotes a replica on another node by itself, for which there must be one: here it is told to.
    """

    name = "drain-primary"
    what = "the primary's eviction is refused by its budget, a replica is promoted, then the eviction is granted"
    silent = "planned: the primary moves first, and the move is over before any `for` is"

    def inject(self, scene: Scene) -> None:
        """Evict it as `kubectl drain` does, which is refused at first."""
        old = scene.primary()
        if _evicted(scene, old):
            raise UserError(f"{old} was evicted while it was the primary: no disruption budget held it")
        promote(scene, next(name for name in instances(scene) if name != old))
        wait_until(lambda: _evicted(scene, old), f"{old} is evicted", FAILOVER_SECONDS)


def instances(scene: Scene) -> list[str]:
    """Return the names of the database's instances."""
    return list(scene.kubectl.json("get", "cluster", CLUSTER)["status"]["instanceNames"])


def promote(scene: Scene, instance: str) -> None:
    """Have the operator make an instance the primary, as `kubectl cnpg promote` does, and wait until it is."""
    switch = {"status": {"targetPrimary": instance, "phase": "Switchover in progress"}}
    scene.kubectl("patch", "cluster", CLUSTER, "--subresource=status", "--type=merge", patch(switch))
    wait_until(lambda: scene.primary() == instance, f"{instance} is the primary", FAILOVER_SECONDS)


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
