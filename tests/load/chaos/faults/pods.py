"""A pod of the service, or of the edge, ends without a word."""

from chaos.fault import Fault
from chaos.scene import Scene

KILL = ("--grace-period=0", "--force", "--wait=false")
SHORT = "over before an alert's `for` is: the other pod answers, and nobody has to get up"


class KillPod(Fault):
    """Half of the service is gone at once."""

    name = "kill-pod"
    what = "one of two service pods is killed, with the 2 s that the kubelet gives at least"
    silent = SHORT
    no_failure = True

    def inject(self, scene: Scene) -> None:
        """Kill it."""
        scene.kubectl("delete", "pod", scene.pods("web4-identity")[0], *KILL)


class KillNginx(Fault):
    """Half of the edge is gone at once."""

    name = "kill-nginx"
    what = "one of two edge pods is killed, with the 2 s that the kubelet gives at least"
    silent = SHORT

    def inject(self, scene: Scene) -> None:
        """Kill it."""
        scene.kubectl("delete", "pod", scene.pods("web4-edge")[0], *KILL)
