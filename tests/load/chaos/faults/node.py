"""The whole node stops and starts again."""

from chaos.fault import Fault
from chaos.scene import Scene
from local.cluster import lifecycle
from local.images import build as images


class RestartNode(Fault):
    """Nothing answers, then everything does, with all that was acknowledged."""

    name = "restart-node"
    what = "every process of the embedded node is ended, monitoring included, and the node started again"
    silent = "Prometheus and Alertmanager are on that node: the dead-man's switch outside misses the Watchdog's pulse"
    whole_seconds = 480

    def inject(self, scene: Scene) -> None:
        """Stop it."""
        lifecycle.stop()

    def heal(self, scene: Scene) -> None:
        """Start it as `make up` does."""
        names = images.references()
        lifecycle.start(names)
        images.load()
        lifecycle.finish(names)
        scene.traffic.add_addresses()
