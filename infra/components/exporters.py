"""What speaks for those that have no metrics of their own: Redis, and the edge as a client outside of it sees it."""

from typing import Any

import pulumi
import yaml
from pulumi_kubernetes import apps, core, meta

from infra.components import edge
from infra.components.redis import CA_KEY, password_variable
from infra.kube import content_hash, custom_resource, inner_service, metadata
from infra.pods import PodArgs, hardened_pod, http_get, resources, tcp_connect
from infra.priorities import Priority
from infra.redis_access import CA_FOLDER, ca_mounts, ca_volumes, plain_redis_variables
from infra.settings import RedisSettings

REDIS_APP, REDIS_PORT = "redis-exporter", 9121
BLACKBOX_APP, BLACKBOX_PORT = "web4-blackbox", 9115
PROBE_JOB = "web4-edge-probe"
"""The job of what the edge's alerts look at."""


class ExportersArgs(PodArgs):
    """Where, from which images, and what they look at."""

    redis_image: str
    blackbox_image: str
    redis: RedisSettings
    redis_annotations: dict[str, Any]
    """On the pod that asks Redis; another value, such as another password's version, makes a new one."""
    server_name: str
    """The edge's public name, which its certificate is for."""


class Exporters(pulumi.ComponentResource):
    """The exporters of Redis and of the edge's probe, and the monitors that have them scraped."""

    def __init__(self, name: str, args: ExportersArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Exporters", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._redis(args)
        self._blackbox(args)
        self.register_outputs({})

    def _redis(self, args: ExportersArgs) -> None:
        self._deployment(args, REDIS_APP, _redis_pod(args), args.redis_annotations)
        custom_resource(
            "monitoring.coreos.com/v1",
            "PodMonitor",
            REDIS_APP,
            args.namespace,
            {
                "selector": {"matchLabels": {"app": REDIS_APP}},
                "jobLabel": "app",
                "podMetricsEndpoints": [{"port": "metrics"}],
            },
            self._child,
        )

    def _blackbox(self, args: ExportersArgs) -> None:
        conf = yaml.safe_dump({"modules": {"edge": _edge_module(args.server_name)}}, sort_keys=False)
        core.v1.ConfigMap(
            BLACKBOX_APP,
            metadata=metadata(BLACKBOX_APP, args.namespace, BLACKBOX_APP),
            data={"blackbox.yaml": conf},
            opts=self._child,
        )
        self._deployment(args, BLACKBOX_APP, _blackbox_pod(args), {"web4.io/content": content_hash(conf)})
        inner_service(BLACKBOX_APP, BLACKBOX_APP, args.namespace, "metrics", BLACKBOX_PORT, self._child)
        custom_resource(
            "monitoring.coreos.com/v1",
            "Probe",
            PROBE_JOB,
            args.namespace,
            {
                "jobName": PROBE_JOB,
                "module": "edge",
                "prober": {"url": f"{BLACKBOX_APP}:{BLACKBOX_PORT}"},
                "targets": {"staticConfig": {"static": [f"https://{edge.NAME}/health"]}},
            },
            self._child,
        )

    def _deployment(self, args: ExportersArgs, app: str, pod: core.v1.PodSpecArgs, annotations: dict[str, Any]) -> None:
        apps.v1.Deployment(
            app,
            metadata=metadata(app, args.namespace, app),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": app}),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={"app": app}, annotations=annotations or None),
                    spec=pod,
                ),
            ),
            opts=self._child,
        )


def _redis_pod(args: ExportersArgs) -> core.v1.PodSpecArgs:
    where = plain_redis_variables(args.redis)
    scheme = "rediss" if where["REDIS_TLS"] == "true" else "redis"
    mounts = ca_mounts(args.redis)
    variables = {"REDIS_ADDR": f"{scheme}://{where['REDIS_HOST']}:{where['REDIS_PORT']}"}
    if mounts:
        variables["REDIS_EXPORTER_TLS_CA_CERT_FILE"] = f"{CA_FOLDER}/{CA_KEY}"
    container = {
        "name": "redis-exporter",
        "image": args.redis_image,
        "env": [
            *(core.v1.EnvVarArgs(name=name, value=value) for name, value in variables.items()),
            password_variable("REDIS_PASSWORD", args.redis),
        ],
        "ports": [core.v1.ContainerPortArgs(name="metrics", container_port=REDIS_PORT)],
        "volume_mounts": mounts,
        "resources": resources(cpu="10m", memory="16Mi", cpu_limit="100m", memory_limit="64Mi"),
        # Its own page: with Redis away it has that to tell.
        "readiness_probe": http_get("/health", REDIS_PORT, period_seconds=10),
        "liveness_probe": tcp_connect(REDIS_PORT, period_seconds=20),
    }
    return hardened_pod(
        container, args=args, priority=Priority.WATCHING, writable={"/tmp": "16Mi"}, volumes=ca_volumes(args.redis)
    )


def _blackbox_pod(args: ExportersArgs) -> core.v1.PodSpecArgs:
    container = {
        "name": "blackbox",
        "image": args.blackbox_image,
        "args": ["--config.file=/etc/web4/blackbox.yaml", f"--web.listen-address=:{BLACKBOX_PORT}"],
        "ports": [core.v1.ContainerPortArgs(name="metrics", container_port=BLACKBOX_PORT)],
        "volume_mounts": [core.v1.VolumeMountArgs(name="conf", mount_path="/etc/web4", read_only=True)],
        "resources": resources(cpu="10m", memory="24Mi", cpu_limit="100m", memory_limit="64Mi"),
        "readiness_probe": http_get("/-/healthy", BLACKBOX_PORT, period_seconds=10),
        "liveness_probe": tcp_connect(BLACKBOX_PORT, period_seconds=20),
    }
    conf = core.v1.VolumeArgs(name="conf", config_map=core.v1.ConfigMapVolumeSourceArgs(name=BLACKBOX_APP))
    return hardened_pod(container, args=args, priority=Priority.WATCHING, writable={"/tmp": "16Mi"}, volumes=[conf])


def _edge_module(server_name: str) -> dict[str, object]:
    """A request as a client's, but for the certificate: whether it is trusted is the client's store to say.

    An edge that answers with an untrusted certificate is up; how long the certificate lasts is looked at by itself.
    """
    return {
        "prober": "http",
        "timeout": "5s",
        "http": {
            "preferred_ip_protocol": "ip4",
            "fail_if_not_ssl": True,
            "headers": {"Host": server_name},
            "tls_config": {"server_name": server_name, "insecure_skip_verify": True},
        },
    }
