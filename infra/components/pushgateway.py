"""The Pushgateway: keeps the last result of jobs that end before Prometheus would ask them."""

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.kube import custom_resource, inner_service, metadata, volume_claim
from infra.pods import PodArgs, hardened_pod, http_get, resources
from infra.priorities import Priority

APP = "web4-pushgateway"
SERVICE = APP
PORT = 9091
DATA = "/data"


class PushgatewayArgs(PodArgs):
    """Where, and from which image."""

    image: str


class Pushgateway(pulumi.ComponentResource):
    """One Pushgateway at `web4-pushgateway:9091`, scraped by Prometheus.

    On a volume, because the rarest of its jobs runs monthly: an eviction in between must not make its result unknown.
    """

    def __init__(self, name: str, args: PushgatewayArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Pushgateway", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # A few kilobytes are used; less than this many providers do not sell.
        claim = volume_claim(APP, args.namespace, "1Gi", child)
        apps.v1.Deployment(
            APP,
            metadata=metadata(APP, args.namespace, APP),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": APP}),
                strategy=apps.v1.DeploymentStrategyArgs(type="Recreate"),  # the volume is one pod's at a time
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={"app": APP}), spec=_pod(args)
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[claim]),
        )
        inner_service(SERVICE, APP, args.namespace, "http", PORT, child)
        custom_resource(
            "monitoring.coreos.com/v1",
            "ServiceMonitor",
            APP,
            args.namespace,
            {
                "selector": {"matchLabels": {"app": APP}},
                "jobLabel": "app",
                # What was pushed keeps the labels it was pushed with, such as job="web4-restore-drill".
                "endpoints": [{"port": "http", "honorLabels": True}],
            },
            child,
        )
        self.register_outputs({})


def _pod(args: PushgatewayArgs) -> core.v1.PodSpecArgs:
    container = {
        "name": "pushgateway",
        "image": args.image,
        "args": [f"--web.listen-address=:{PORT}", f"--persistence.file={DATA}/metrics", "--persistence.interval=10s"],
        "ports": [core.v1.ContainerPortArgs(name="http", container_port=PORT)],
        "volume_mounts": [core.v1.VolumeMountArgs(name="data", mount_path=DATA)],
        "resources": resources(cpu="10m", memory="32Mi", cpu_limit="100m", memory_limit="64Mi"),
        "readiness_probe": http_get("/-/ready", PORT, period_seconds=5),
        "liveness_probe": http_get("/-/healthy", PORT, period_seconds=20),
    }
    claim = core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=APP)
    return hardened_pod(
        container,
        args=args,
        priority=Priority.WATCHING,
        writable={"/tmp": "16Mi"},
        volumes=[core.v1.VolumeArgs(name="data", persistent_volume_claim=claim)],
    )
