"""Every setting of a stack: one frozen tree, read from the Pulumi configuration namespace `web4-identity`.

Each field of `Settings` is one configuration key (`web4-identity:edge`, ...). What a stack does not say comes from
its environment's defaults (infra/environments.py), and then from the defaults here, which are the guide's values.
The text under a field is its description, in docs/configuration.md too.
"""

from typing import Literal

from infra.frozen import Frozen
from infra.settings.alerting import AlertOverride, EmailSettings, HeartbeatSettings, ReceiverSettings
from infra.settings.backup import BackupSettings, LocalStore, RecoverySettings
from infra.settings.edge import ClientAddressSettings, EdgeRateLimit, EdgeSettings, TlsSettings, WafSettings
from infra.settings.gate import GateSettings
from infra.settings.grafana import GrafanaOauth, GrafanaSettings
from infra.settings.kinds import DnsLabel
from infra.settings.monitoring import MonitoringSettings, RemoteWriteSettings
from infra.settings.platform import OPERATOR_MANIFESTS, ClusterSettings, ImageSettings, PlatformSettings
from infra.settings.pods import PodSettings, QuotaSettings
from infra.settings.scaling import Scaling
from infra.settings.secrets import ExternalSecretsSettings, SecretsSettings
from infra.settings.service import GenesisSettings, IdentitySettings
from infra.settings.stores import DatabaseSettings, ExternalDatabase, ExternalRedis, RedisSettings, RedisTls

__all__ = [
    "OPERATOR_MANIFESTS",
    "AlertOverride",
    "BackupSettings",
    "ClientAddressSettings",
    "ClusterSettings",
    "DatabaseSettings",
    "EdgeRateLimit",
    "EdgeSettings",
    "EmailSettings",
    "ExternalDatabase",
    "ExternalRedis",
    "ExternalSecretsSettings",
    "GateSettings",
    "GenesisSettings",
    "GrafanaOauth",
    "GrafanaSettings",
    "HeartbeatSettings",
    "IdentitySettings",
    "ImageSettings",
    "LocalStore",
    "MonitoringSettings",
    "PlatformSettings",
    "PodSettings",
    "QuotaSettings",
    "ReceiverSettings",
    "RecoverySettings",
    "RedisSettings",
    "RedisTls",
    "RemoteWriteSettings",
    "Scaling",
    "SecretsSettings",
    "Settings",
    "TlsSettings",
    "WafSettings",
]


class Settings(Frozen):
    """A whole stack."""

    environment: Literal["local", "dev", "staging", "prod"]
    """Whose defaults fill in what the stack does not say."""
    namespace: DnsLabel = "web4"
    """The namespace that everything of the stack is in; made by it."""
    cluster: ClusterSettings
    platform: PlatformSettings = PlatformSettings()
    images: ImageSettings = ImageSettings()
    pods: PodSettings = PodSettings()
    quota: QuotaSettings = QuotaSettings()
    secrets: SecretsSettings = SecretsSettings()
    database: DatabaseSettings
    backup: BackupSettings | None = None
    """Where the stack's own Postgres is backed up to; none keeps no backups."""
    redis: RedisSettings
    identity: IdentitySettings = IdentitySettings()
    gate: GateSettings = GateSettings()
    genesis: GenesisSettings = GenesisSettings()
    edge: EdgeSettings
    monitoring: MonitoringSettings = MonitoringSettings()
    grafana: GrafanaSettings = GrafanaSettings()
