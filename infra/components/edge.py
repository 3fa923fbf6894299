"""The edge: nginx with TLS, the guide's headers and its rate limit, the only way in from outside the cluster."""

from collections.abc import Iterable
from pathlib import Path

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.availability import fixed_replicas, keep_available, spread
from infra.components import identity
from infra.components.edge_certificate import certificate, tls_secret
from infra.components.edge_route import route
from infra.edge_exporter import nginx_exporter
from infra.kube import content_hash, custom_resource, metadata
from infra.nginx_conf import render_nginx_conf
from infra.pods import PodArgs, hardened_pod, http_get, resources, tcp_connect
from infra.priorities import Priority
from infra.settings import EdgeSettings
from infra.waf_conf import render_waf_conf

NAME = "web4-edge"
SERVICE_PORT = 443
HTTPS_PORT = 8443
HEALTH_PORT = 8080
DRAIN = "sleep 5; kill -QUIT 1; while kill -0 1; do sleep 1; done"
"""Before the edge is told to stop: a pause in which endpoints lose the pod, then nginx (process 1) finishes what it
has. The signal that Kubernetes sends afterwards would make it drop that."""

_START = Path(__file__).parents[1] / "edge_start.sh"


class EdgeArgs(PodArgs):
    """Where, from which image, and how it listens and limits."""

    image: str
    exporter_image: str
    edge: EdgeSettings


class Edge(pulumi.ComponentResource):
    """nginx in front of the identity service. Depends on it: nginx looks the Service's name up once, at its start.

    Raises OSError when the certificate's files cannot be read.
    """

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Edge", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        upstream = f"{identity.SERVICE}:{identity.SERVICE_PORT}"
        edge = args.edge
        conf = render_nginx_conf(edge.server_name, upstream, edge.rate_limit, edge.waf, edge.client_address)
        files = {"nginx.conf": conf, "start.sh": _START.read_text(encoding="utf-8")}
        if edge.waf.on:
            files["waf.conf"] = render_waf_conf(edge.waf)
        needed = certificate(args.namespace, edge, NAME, child)
        config = core.v1.ConfigMap(
            NAME,
            metadata=metadata(NAME, args.namespace, NAME),
            data=files,
            opts=child,
        )
        apps.v1.Deployment(
            NAME,
            metadata=metadata(NAME, args.namespace, NAME),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=fixed_replicas(edge),
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": NAME}),
                strategy=apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(
                        labels={"app": NAME},
                        # A change of these makes new pods; the certificate is read anew by those there are.
                        annotations={"web4.io/content": content_hash(*files.values())},
                    ),
                    spec=_pod(args, files),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[config, *needed]),
        )
        core.v1.Service(
            NAME,
            metadata=metadata(NAME, args.namespace, NAME, annotations=edge.load_balancer.annotations or None),
            spec=_service(edge),
            opts=child,
        )
        if edge.route:
            route(args.namespace, edge, edge.route, NAME, SERVICE_PORT, child)
        keep_available(NAME, args.namespace, edge, child)
        custom_resource(
            "monitoring.coreos.com/v1",
            "PodMonitor",
            NAME,
            args.namespace,
            {
                "selector": {"matchLabels": {"app": NAME}},
                "jobLabel": "app",
                "podMetricsEndpoints": [{"port": "metrics"}],
            },
            child,
        )
        self.register_outputs({})


def _service(edge: EdgeSettings) -> core.v1.ServiceSpecArgs:
    return core.v1.ServiceSpecArgs(
        type=edge.service_type,
        external_traffic_policy=None if edge.service_type == "ClusterIP" else edge.external_traffic_policy,
        load_balancer_class=edge.load_balancer.class_name,
        load_balancer_source_ranges=list(edge.load_balancer.source_ranges) or None,
        selector={"app": NAME},
        ports=[
            core.v1.ServicePortArgs(name="https", port=SERVICE_PORT, target_port=HTTPS_PORT, node_port=edge.node_port)
        ],
    )


def _pod(args: EdgeArgs, files: Iterable[str]) -> core.v1.PodSpecArgs:
    container = {
        "name": "nginx",
        "image": args.image,
        "command": ["sh", "/etc/nginx/start.sh"],
        "ports": [
            core.v1.ContainerPortArgs(name="https", container_port=HTTPS_PORT),
            core.v1.ContainerPortArgs(name="health", container_port=HEALTH_PORT),
        ],
        "volume_mounts": [
            *(
                core.v1.VolumeMountArgs(name="conf", mount_path=f"/etc/nginx/{file}", sub_path=file, read_only=True)
                for file in files
            ),
            core.v1.VolumeMountArgs(name="tls", mount_path="/etc/nginx/tls", read_only=True),
        ],
        # With the firewall 25 MB at first and 45 MB after many reloads, each of which takes twice that for a moment;
        # 12,000 connections, as many as it takes, another 290 MB.
        "resources": resources(cpu="50m", memory="64Mi", cpu_limit="500m", memory_limit="512Mi"),
        # The probe asks nginx alone: with the service away the edge still has an answer to give. One that answers too
        # late gets no new requests; a restart, which would drop the ones it has, is for one that takes no connection.
        "readiness_probe": http_get("/nginx-health", HEALTH_PORT, period_seconds=5),
        "liveness_probe": tcp_connect(HEALTH_PORT, period_seconds=20),
        "lifecycle": core.v1.LifecycleArgs(
            pre_stop=core.v1.LifecycleHandlerArgs(exec_=core.v1.ExecActionArgs(command=["sh", "-c", DRAIN]))
        ),
    }
    return hardened_pod(
        container,
        nginx_exporter(args.exporter_image, HEALTH_PORT),
        args=args,
        priority=Priority.SERVING,
        topology_spread_constraints=spread(NAME, args.pods),
        writable={"/tmp": "64Mi"},
        volumes=[
            core.v1.VolumeArgs(name="conf", config_map=core.v1.ConfigMapVolumeSourceArgs(name=NAME)),
            # 0440: the pod's group (fsGroup) may read the key, nobody may change it.
            core.v1.VolumeArgs(
                name="tls",
                secret=core.v1.SecretVolumeSourceArgs(secret_name=tls_secret(args.edge.tls), default_mode=0o440),
            ),
        ],
        # 5 s until no new connection comes, then up to the 30 s that nginx waits for an answer of the service.
        termination_grace_period_seconds=40,
    )
