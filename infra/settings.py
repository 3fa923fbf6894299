"""Every setting of a stack: one frozen tree, read from the Pulumi configuration namespace `web4-identity`.

Each field of `Settings` is one configuration key (`web4-identity:edge`, ...). What a stack does not say comes from
its environment's defaults (infra/environments.py), and then from the defaults here, which are the guide's values.
Relative paths start at the project's root, because Pulumi runs the program from infra/.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from infra.frozen import Frozen

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def _from_root(path: Path) -> Path:
    return PROJECT_ROOT / path.expanduser()  # an absolute path stays as it is


def _existing_file(path: Path) -> Path:
    path = _from_root(path)
    if not path.is_file():
        raise ValueError(f"no such file: {path}")
    return path


ExistingFile = Annotated[Path, AfterValidator(_existing_file)]
DnsLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?$")]
Duration = Annotated[str, Field(pattern=r"^([0-9]+(ms|[smhdwy]))+$")]
Image = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]


class ClusterSettings(Frozen):
    """Which Kubernetes cluster: always named, never the ambient kubeconfig's current context."""

    kubeconfig: ExistingFile
    context: str = Field(min_length=1)
    pod_cidr: str = Field("10.244.0.0/16", pattern=r"^[0-9.]+/[0-9]{1,2}$")
    """Where the edge's pods live: the service believes X-Forwarded-For from these addresses only."""


class PlatformSettings(Frozen):
    """The two operators: installed from published manifests, or already there."""

    install: bool = False
    manifests: Path | None = None
    """The folder with the files of `OPERATOR_MANIFESTS`."""

    @model_validator(mode="after")
    def _manifests_exist(self) -> "PlatformSettings":
        if not self.install:
            return self
        if self.manifests is None:
            raise ValueError(
                f"install is true, so manifests must name the folder of {' and '.join(OPERATOR_MANIFESTS)}"
            )
        for name in OPERATOR_MANIFESTS:
            _existing_file(self.manifests / name)
        return self

    def manifest(self, name: str) -> Path:
        """The path of the manifest `name` (one of `OPERATOR_MANIFESTS`)."""
        return _from_root(self.manifests or Path()) / name


OPERATOR_MANIFESTS = ("cloudnative-pg.yaml", "prometheus-operator.yaml")


class ImageSettings(Frozen):
    """The image of every container. Always pulled only if absent, so that a preloaded image is enough."""

    identity: Image = "web4-identity:phase2"
    postgres: Image = "ghcr.io/cloudnative-pg/postgresql:17.5"
    redis: Image = "redis:7.4"
    nginx: Image = "nginx:1.28"
    prometheus: Image = "quay.io/prometheus/prometheus:v3.5.0"
    alertmanager: Image = "quay.io/prometheus/alertmanager:v0.28.1"
    cloudnative_pg: Image = "ghcr.io/cloudnative-pg/cloudnative-pg:1.27.0"
    prometheus_operator: Image = "quay.io/prometheus-operator/prometheus-operator:v0.85.0"
    config_reloader: Image = "quay.io/prometheus-operator/prometheus-config-reloader:v0.85.0"


class DatabaseSettings(Frozen):
    """The LCT registry's Postgres."""

    instances: int = Field(1, ge=1)
    storage: Quantity = "1Gi"
    storage_class: str | None = None
    uid: int = Field(26, ge=1)
    """The number of the image's postgres user and group; 26 in the images CloudNativePG publishes."""


class IdentitySettings(Frozen):
    """The service itself; every value but `replicas` is one of its environment variables, in its bounds."""

    replicas: int = Field(3, ge=1)
    test_mode: bool = False
    rate_limit_per_ip: int = Field(20, ge=1)
    rate_limit_window: int = Field(60, ge=1)
    max_witness_count: int = Field(10, ge=3, le=100)
    max_identifier_length: int = Field(512, ge=1, le=1024)
    max_witness_id_length: int = Field(256, ge=68, le=1024)
    atp_mint_base_cost: int = Field(100, ge=1)
    atp_mint_scale_factor: Decimal = Field(Decimal("1.5"), ge=1, le=1000, decimal_places=4)
    initial_atp_grant: int = Field(10000, ge=0)
    min_witness_reputation: Decimal = Field(Decimal("0.4"), ge=0, le=1)
    min_witness_age_days: int = Field(30, ge=0)
    min_witness_actions: int = Field(50, ge=0)


class GenesisSettings(Frozen):
    """The first society, written by the migration when the registry is empty; without a key none is made."""

    society: str = Field("web4", min_length=1, max_length=256)
    public_key: str | None = Field(None, min_length=1)


class TlsSettings(Frozen):
    """The edge's certificate: two PEM files, or a TLS Secret that is already in the namespace."""

    certificate_file: ExistingFile | None = None
    private_key_file: ExistingFile | None = None
    secret_name: DnsLabel | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "TlsSettings":
        files = (self.certificate_file, self.private_key_file)
        if self.secret_name and not any(files):
            return self
        if not self.secret_name and all(files):
            return self
        raise ValueError("give either certificate_file and private_key_file, or secret_name")


class EdgeRateLimit(Frozen):
    """The edge's own limit for each client address (guide, Reverse Proxy)."""

    rate: str = Field("10r/m", pattern=r"^[1-9][0-9]*r/[sm]$")
    burst: int = Field(20, ge=0)


class EdgeSettings(Frozen):
    """The nginx edge, the only thing reachable from outside the cluster."""

    server_name: str = Field(min_length=1, pattern=r"^[a-z0-9.-]+$")
    replicas: int = Field(2, ge=1)
    service_type: Literal["LoadBalancer", "NodePort"] = "LoadBalancer"
    node_port: int | None = Field(None, ge=30000, le=32767)
    tls: TlsSettings
    rate_limit: EdgeRateLimit = EdgeRateLimit()


class MonitoringSettings(Frozen):
    """Prometheus and Alertmanager; the versions tell the operator which flags and configuration the images know."""

    retention: Duration = "15d"
    scrape_interval: Duration = "15s"
    storage: Quantity | None = None
    """The size of each volume; none keeps the data for the pod's life only."""
    prometheus_version: str = "3.5.0"
    alertmanager_version: str = "0.28.1"


class Settings(Frozen):
    """A whole stack."""

    environment: str
    namespace: DnsLabel = "web4"
    cluster: ClusterSettings
    platform: PlatformSettings = PlatformSettings()
    images: ImageSettings = ImageSettings()
    database: DatabaseSettings = DatabaseSettings()
    identity: IdentitySettings = IdentitySettings()
    genesis: GenesisSettings = GenesisSettings()
    edge: EdgeSettings
    monitoring: MonitoringSettings = MonitoringSettings()
