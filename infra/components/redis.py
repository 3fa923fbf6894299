"""Redis, which holds the identity service's rate-limit counters and nothing else."""

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.kube import metadata
from infra.pods import PodArgs, hardened_pod, resources
from infra.priorities import Priority

SERVICE = "redis-service"  # guide, Option 4: REDIS_HOST
PORT = 6379
DATABASE = 0
APP = "redis"


class RedisArgs(PodArgs):
    """Where, from which image, and how much memory the counters may take."""

    image: str
    max_memory_mib: int = 128


class Redis(pulumi.ComponentResource):
    """One Redis without persistence, at `redis-service:6379`: losing it costs the counters of one minute.

    Full, it forgets the counters unused for longest rather than refusing new ones.
    """

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Redis", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        container = {
            "name": "redis",
            "image": args.image,
            "command": ["redis-server"],
            "args": [
                *("--port", str(PORT), "--dir", "/data", "--save", "", "--appendonly", "no"),
                *("--maxmemory", f"{args.max_memory_mib}mb", "--maxmemory-policy", "allkeys-lru"),
                # Protected mode refuses other pods as long as no password is set; who may reach Redis is the
                # network's to say.
                *("--protected-mode", "no"),
            ],
            "ports": [core.v1.ContainerPortArgs(name="redis", container_port=PORT)],
            # Half as much again as the counters: clients' buffers and fragmentation come on top of maxmemory.
            "resources": resources(
                cpu="50m", memory="64Mi", cpu_limit="250m", memory_limit=f"{args.max_memory_mib * 3 // 2}Mi"
            ),
            # Nothing is loaded at start, so that Redis answers as soon as its port is open.
            "readiness_probe": _open_port(period_seconds=5),
            "liveness_probe": _open_port(period_seconds=20, failure_threshold=3),
        }
        apps.v1.Deployment(
            "redis",
            metadata=metadata(APP, args.namespace, APP),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": APP}),
                # Never two at once: half of the pods counting here and half there would double every limit.
                strategy=apps.v1.DeploymentStrategyArgs(type="Recreate"),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={"app": APP}),
                    spec=hardened_pod(container, args=args, priority=Priority.STATE, writable={"/data": "16Mi"}),
                ),
            ),
            opts=child,
        )
        core.v1.Service(
            SERVICE,
            metadata=metadata(SERVICE, args.namespace, APP),
            spec=core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector={"app": APP},
                ports=[core.v1.ServicePortArgs(name="redis", port=PORT, target_port="redis")],
            ),
            opts=child,
        )
        self.register_outputs({})


def _open_port(**timing: int) -> core.v1.ProbeArgs:
    return core.v1.ProbeArgs(tcp_socket=core.v1.TCPSocketActionArgs(port="redis"), **timing)
