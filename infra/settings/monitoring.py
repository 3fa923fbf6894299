"""Who watches the stack."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import DnsLabel, Duration, Quantity

Version = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
PAGER_VERSION = (0, 26, 0)
"""The first Alertmanager that reads a receiver's address or key from a file."""


class PagerSettings(Frozen):
    """Who is called when an alert is critical. The address or key is in a Secret that is already in the namespace."""

    kind: Literal["webhook", "pagerduty"]
    """A webhook gets Alertmanager's own JSON; `pagerduty` is PagerDuty's Events API v2."""
    secret_name: DnsLabel
    """The Secret. A webhook's address is under its key `url`, PagerDuty's under `routing_key`."""
    port: int = Field(443, ge=1, le=65535)
    """The port that Alertmanager may call it at."""


class MonitoringSettings(Frozen):
    """Prometheus and Alertmanager; the versions tell the operator which flags and configuration the images know."""

    retention: Duration = "15d"
    """How long Prometheus keeps its figures."""
    scrape_interval: Duration = "15s"
    """How often it asks, and evaluates rules."""
    storage: Quantity | None = None
    """The size of each volume; none keeps the data for the pod's life only."""
    prometheus_version: Version = "3.5.0"
    """The version in Prometheus's image."""
    alertmanager_version: Version = "0.28.1"
    """The version in Alertmanager's image."""
    pager: PagerSettings | None = None
    """Who is called; none keeps alerts to be looked at."""
    grafana_namespace: DnsLabel | None = None
    """The namespace whose pods may ask Prometheus; none is nobody."""

    @model_validator(mode="after")
    def _pager_is_understood(self) -> "MonitoringSettings":
        version = tuple(int(part) for part in self.alertmanager_version.split("."))
        if self.pager and version < PAGER_VERSION:
            wanted = ".".join(str(part) for part in PAGER_VERSION)
            raise ValueError(
                f"pager needs Alertmanager {wanted} or newer, alertmanager_version is {self.alertmanager_version}"
            )
        return self
