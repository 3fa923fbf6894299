"""The network between the service and its database is cut."""

import json
from typing import Any

from chaos.fault import Fault
from chaos.scene import Scene

# The arrow of docs/architecture.md, in both directions. What no policy allows is refused.
POLICIES = ("identity-to-postgres-out", "identity-to-postgres-in")
NOBODY = {"matchLabels": {"chaos": "cut"}}
# The network lets connections go on that were open before; a cut cable would not.
OPEN = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'web4_identity_app'"


class PartitionDatabase(Fault):
    """Nothing can be minted or read, and nothing half."""

    name = "partition-database"
    what = "the policies that let the service reach Postgres are taken away, its open connections cut"
    alert = "ServiceDatabaseUnreachable"
    seconds = 60
    alert_seconds = 210

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def inject(self, scene: Scene) -> None:
        """Have the two policies speak of no pod, and end what is open."""
        for name in POLICIES:
            self._before[name] = json.dumps(scene.kubectl.json("get", "networkpolicy", name)["spec"]["podSelector"])
            _select(scene, name, NOBODY)
        scene.sql(OPEN)

    def heal(self, scene: Scene) -> None:
        """Give them their pods again."""
        for name, selector in self._before.items():
            _select(scene, name, json.loads(selector))


def _select(scene: Scene, name: str, selector: dict[str, Any]) -> None:
    change = [{"op": "replace", "path": "/spec/podSelector", "value": selector}]
    scene.kubectl("patch", "networkpolicy", name, "--type=json", f"--patch={json.dumps(change)}")
