"""Who watches the stack."""

from typing import Annotated

from pydantic import Field, HttpUrl, model_validator

from infra.frozen import Frozen
from infra.settings.alerting import AlertOverride, HeartbeatSettings, ReceiverSettings
from infra.settings.kinds import DnsLabel, Duration, Quantity

Version = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
RECEIVER_VERSION = (0, 26, 0)
"""The first Alertmanager that reads every kind of receiver's address or key from a file."""


class RemoteWriteSettings(Frozen):
    """A store for longer than Prometheus keeps its figures, such as Mimir or Thanos."""

    url: HttpUrl
    """Where it takes remote writes."""
    secret_name: DnsLabel | None = None
    """The Secret with `username` and `password`, already in the namespace; none sends without."""


class MonitoringSettings(Frozen):
    """Prometheus and Alertmanager; the versions tell the operator which flags and configuration the images know."""

    retention: Duration = "15d"
    """How long Prometheus keeps its figures."""
    scrape_interval: Duration = "15s"
    """How often it asks, and evaluates rules."""
    storage: Quantity | None = None
    """The size of Prometheus' volume (decision 24 has a table); none keeps the data for the pod's life only."""
    remote_write: RemoteWriteSettings | None = None
    """Where figures are sent besides."""
    prometheus_replicas: int = Field(1, ge=1)
    """Prometheus pods; each scrapes and alerts for itself, and Alertmanager takes equal alerts as one."""
    alertmanager_replicas: int = Field(1, ge=1)
    """Alertmanager pods; they agree on who notifies."""
    prometheus_version: Version = "3.5.0"
    """The version in Prometheus's image."""
    alertmanager_version: Version = "0.28.1"
    """The version in Alertmanager's image."""
    kubelet: bool = True
    """Whether Prometheus asks the nodes about the stack's containers; needs a ClusterRole (get nodes/metrics)."""
    pager: ReceiverSettings | None = None
    """Who is called for critical alerts; none keeps them to be looked at."""
    tickets: ReceiverSettings | None = None
    """Where warnings go; none keeps them to be looked at."""
    chat: ReceiverSettings | None = None
    """Where the rest goes; none keeps it to be looked at."""
    heartbeat: HeartbeatSettings | None = None
    """Who misses this stack's monitoring when it is gone; none is nobody."""
    alerts: dict[str, AlertOverride] = Field({})
    """What this stack changes in single alerts: a section for each, by the alert's name."""
    runbook_url: HttpUrl | None = None
    """The folder with the runbooks, as a browser finds it; none links to `monitoring/runbooks` of the checkout."""
    grafana_url: HttpUrl | None = None
    """Grafana's address, for links to dashboards; none links to `d/<dashboard>`."""
    grafana_namespace: DnsLabel | None = None
    """The namespace whose pods may ask Prometheus; none is nobody."""

    @property
    def receivers(self) -> dict[str, ReceiverSettings | HeartbeatSettings]:
        """Those that are set, by the name they have in monitoring/alertmanager."""
        named = {"pager": self.pager, "tickets": self.tickets, "chat": self.chat, "heartbeat": self.heartbeat}
        return {name: receiver for name, receiver in named.items() if receiver}

    @model_validator(mode="after")
    def _receivers_are_understood(self) -> "MonitoringSettings":
        version = tuple(int(part) for part in self.alertmanager_version.split("."))
        if self.receivers and version < RECEIVER_VERSION:
            wanted = ".".join(str(part) for part in RECEIVER_VERSION)
            raise ValueError(
                f"{next(iter(self.receivers))} needs Alertmanager {wanted} or newer, alertmanager_version is "
                f"{self.alertmanager_version}"
            )
        return self
