"""Who watches the stack."""

from infra.frozen import Frozen
from infra.settings.kinds import Duration, Quantity


class MonitoringSettings(Frozen):
    """Prometheus and Alertmanager; the versions tell the operator which flags and configuration the images know."""

    retention: Duration = "15d"
    """How long Prometheus keeps its figures."""
    scrape_interval: Duration = "15s"
    """How often it asks, and evaluates rules."""
    storage: Quantity | None = None
    """The size of each volume; none keeps the data for the pod's life only."""
    prometheus_version: str = "3.5.0"
    """The version in Prometheus's image."""
    alertmanager_version: str = "0.28.1"
    """The version in Alertmanager's image."""
