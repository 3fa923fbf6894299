"""Grafana: shows the dashboards. All that it shows is in code, so that its pod keeps nothing."""

import pulumi
from pulumi_kubernetes import apps, core, meta

from dashboards import build_all
from infra.components import prometheus
from infra.components.dashboards import config_map_name
from infra.grafana_conf import render_dashboard_provider, render_data_source, render_grafana_ini
from infra.kube import content_hash, inner_service, metadata
from infra.pods import PodArgs, hardened_pod, http_get, resources, tcp_connect
from infra.priorities import Priority
from infra.secret_refs import variable_from_secret
from infra.settings.grafana import GrafanaSettings

NAME = "grafana"
PORT = 3000
DASHBOARDS = "/etc/web4/dashboards"
# Where its image looks for them (GF_PATHS_CONFIG, GF_PATHS_PROVISIONING).
_PLACES = {
    "grafana.ini": "/etc/grafana/grafana.ini",
    "data-source.yaml": "/etc/grafana/provisioning/datasources/web4.yaml",
    "dashboards.yaml": "/etc/grafana/provisioning/dashboards/web4.yaml",
}


class GrafanaArgs(PodArgs):
    """Where, from which image, and who may log in."""

    image: str
    grafana: GrafanaSettings
    scrape_interval: str


class Grafana(pulumi.ComponentResource):
    """One Grafana at `grafana:80`, with the stack's Prometheus and dashboards; nothing at all unless it is enabled.

    Depends on Dashboards, whose ConfigMaps it mounts. A new pod starts with an empty database: sessions and stars are
    lost, the admin's password is what its Secret says then.
    """

    def __init__(self, name: str, args: GrafanaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Grafana", name, None, opts)
        if args.grafana.enabled:
            self._make(args)
        self.register_outputs({})

    def _make(self, args: GrafanaArgs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        files = {
            "grafana.ini": render_grafana_ini(args.grafana),
            "data-source.yaml": render_data_source(f"http://{prometheus.SERVICE}:9090", args.scrape_interval),
            "dashboards.yaml": render_dashboard_provider(DASHBOARDS),
        }
        config = core.v1.ConfigMap(NAME, metadata=metadata(NAME, args.namespace, NAME), data=files, opts=child)
        apps.v1.Deployment(
            NAME,
            metadata=metadata(NAME, args.namespace, NAME),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": NAME}),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(
                        labels={"app": NAME},
                        # Read at its start only. Dashboards it reads again by itself.
                        annotations={"web4.io/content": content_hash(files)},
                    ),
                    spec=_pod(args),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[config]),
        )
        inner_service(NAME, NAME, args.namespace, "http", 80, child)


def _pod(args: GrafanaArgs) -> core.v1.PodSpecArgs:
    config_maps = [
        core.v1.VolumeProjectionArgs(config_map=core.v1.ConfigMapProjectionArgs(name=config_map_name(file_name)))
        for file_name in build_all()
    ]
    container = {
        "name": NAME,
        "image": args.image,
        "env": _secret_variables(args.grafana),
        "ports": [core.v1.ContainerPortArgs(name="http", container_port=PORT)],
        "volume_mounts": [
            *(
                core.v1.VolumeMountArgs(name="conf", mount_path=place, sub_path=file, read_only=True)
                for file, place in _PLACES.items()
            ),
            core.v1.VolumeMountArgs(name="dashboards", mount_path=DASHBOARDS, read_only=True),
        ],
        "resources": resources(cpu="50m", memory="192Mi", cpu_limit="500m", memory_limit="512Mi"),
        "readiness_probe": http_get("/api/health", PORT, period_seconds=10),
        "liveness_probe": tcp_connect(PORT, period_seconds=30),
        # The first start makes its database, which takes a slow node a while.
        "startup_probe": http_get("/api/health", PORT, period_seconds=5, failure_threshold=36),
    }
    return hardened_pod(
        container,
        args=args,
        priority=Priority.WATCHING,
        writable={"/var/lib/grafana": "256Mi", "/tmp": "64Mi"},
        volumes=[
            core.v1.VolumeArgs(name="conf", config_map=core.v1.ConfigMapVolumeSourceArgs(name=NAME)),
            core.v1.VolumeArgs(name="dashboards", projected=core.v1.ProjectedVolumeSourceArgs(sources=config_maps)),
        ],
    )


def _secret_variables(grafana: GrafanaSettings) -> list[core.v1.EnvVarArgs]:
    """What is in no file: Grafana reads GF_<SECTION>_<KEY> over grafana.ini."""
    admin = [("GF_SECURITY_ADMIN_PASSWORD", "password"), ("GF_SECURITY_SECRET_KEY", "secret_key")]
    client = [
        ("GF_AUTH_GENERIC_OAUTH_CLIENT_ID", "client_id"),
        ("GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET", "client_secret"),
    ]
    return [
        *(variable_from_secret(name, str(grafana.admin_secret_name), key) for name, key in admin),
        *(variable_from_secret(name, grafana.oauth.secret_name, key) for name, key in client if grafana.oauth),
    ]
