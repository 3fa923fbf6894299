"""Redis is away: no limit can be kept, so nothing that spends ATP may be answered (decision 10)."""

from chaos.fault import Fault
from chaos.scene import Scene


class StopRedis(Fault):
    """Writes are refused, reads go on."""

    name = "stop-redis"
    what = "Redis is stopped for two minutes; writes are refused with 503 and charge nothing, reads are answered"
    alert = "RedisDown"
    seconds = 120
    alert_seconds = 120

    def inject(self, scene: Scene) -> None:
        """Stop it."""
        scene.kubectl("scale", "deployment/redis", "--replicas=0")

    def heal(self, scene: Scene) -> None:
        """Start it again."""
        scene.kubectl("scale", "deployment/redis", "--replicas=1")
