"""What a stack stands on: the cluster, its operators, and the images."""

from pathlib import Path

from pydantic import Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import Cidr, ExistingFile, Image, existing_file, from_root

OPERATOR_MANIFESTS = ("cloudnative-pg.yaml", "prometheus-operator.yaml")


class ClusterSettings(Frozen):
    """Which Kubernetes cluster: always named, never the ambient kubeconfig's current context."""

    kubeconfig: ExistingFile | None = None
    """The file to reach the cluster with; **required**."""
    context: str | None = Field(None, min_length=1)
    """The context in that file; **required**."""
    render_to: Path | None = None
    """A folder that gets every object as a YAML file, in place of those two; set by `make render` alone."""
    pod_cidr: str = Field("10.244.0.0/16", pattern=r"^[0-9.]+/[0-9]{1,2}$")
    """Where the edge's pods live: the service believes X-Forwarded-For from these addresses only."""
    api_server_cidrs: tuple[Cidr, ...] = ("0.0.0.0/0", "::/0")
    """Where the API server is for Postgres and Prometheus, which alone may ask it: its own addresses, not its
    Service's, at the ports 443 and 6443."""

    @model_validator(mode="after")
    def _one_target(self) -> "ClusterSettings":
        named = (self.kubeconfig, self.context)
        if any(named) if self.render_to else not all(named):
            raise ValueError("give kubeconfig and context, or render_to alone")
        return self


class PlatformSettings(Frozen):
    """The two operators: installed from published manifests, or already there."""

    install: bool = False
    """Whether the stack installs the operators."""
    manifests: Path | None = None
    """The folder with cloudnative-pg.yaml and prometheus-operator.yaml; needed when `install` is true."""

    @model_validator(mode="after")
    def _manifests_exist(self) -> "PlatformSettings":
        if not self.install:
            return self
        if self.manifests is None:
            raise ValueError(
                f"install is true, so manifests must name the folder of {' and '.join(OPERATOR_MANIFESTS)}"
            )
        for name in OPERATOR_MANIFESTS:
            existing_file(self.manifests / name)
        return self

    def manifest(self, name: str) -> Path:
        """The path of the manifest `name` (one of `OPERATOR_MANIFESTS`)."""
        return from_root(self.manifests or Path()) / name


class ImageSettings(Frozen):
    """The image of every container. Always pulled only if absent, so that a preloaded image is enough."""

    identity: Image = "web4-identity:phase2"
    """The identity service, and its migrations."""
    postgres: Image = "ghcr.io/cloudnative-pg/postgresql:17.5"
    """Postgres, as CloudNativePG wants it, with barman-cloud; the configuration's copies are made from it too."""
    object_store: Image = "ghcr.io/versity/versitygw:v1.8.0"
    """The S3 gateway of `backup.local_store`."""
    redis: Image = "redis:7.4"
    """Redis."""
    nginx: Image = "nginx:1.28"
    """The edge."""
    prometheus: Image = "quay.io/prometheus/prometheus:v3.5.0"
    """Prometheus."""
    alertmanager: Image = "quay.io/prometheus/alertmanager:v0.28.1"
    """Alertmanager."""
    pushgateway: Image = "quay.io/prometheus/pushgateway:v1.11.3"
    """The Pushgateway, where jobs leave their results."""
    grafana: Image = "docker.io/grafana/grafana:12.2.0"
    """Grafana; used when `grafana.enabled` is true."""
    redis_exporter: Image = "docker.io/oliver006/redis_exporter:v1.74.0"
    """Speaks for Redis."""
    nginx_exporter: Image = "docker.io/nginx/nginx-prometheus-exporter:1.4.2"
    """Speaks for the edge's nginx, from beside it."""
    blackbox_exporter: Image = "quay.io/prometheus/blackbox-exporter:v0.27.0"
    """Asks the edge as a client would."""
    cloudnative_pg: Image = "ghcr.io/cloudnative-pg/cloudnative-pg:1.27.0"
    """The Postgres operator; used when `platform.install` is true."""
    prometheus_operator: Image = "quay.io/prometheus-operator/prometheus-operator:v0.85.0"
    """The Prometheus Operator; used when `platform.install` is true."""
    config_reloader: Image = "quay.io/prometheus-operator/prometheus-config-reloader:v0.85.0"
    """The sidecar of Prometheus and Alertmanager; used when `platform.install` is true."""
