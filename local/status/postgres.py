"""Postgres and its backups, as the operator's Cluster says and Prometheus has measured."""

from datetime import datetime
from typing import Any

from infra.components.database import CLUSTER
from local.place import Place
from local.prometheus import Prometheus
from local.status.model import Row
from local.times import age, since

HEALTHY = "Cluster in healthy state"


def instances(place: Place) -> list[Row]:
    """Return how many instances run, and which of them writes; nothing of a Postgres that is elsewhere."""
    if place.settings.database.external:
        return []
    found = place.json("get", "clusters.postgresql.cnpg.io", CLUSTER)
    wanted, status = found["spec"]["instances"], found.get("status", {})
    ready, primary = status.get("readyInstances", 0), status.get("currentPrimary", "none")
    phase = status.get("phase", "not begun")
    text = f"{ready}/{wanted} ready, primary {primary}" + ("" if phase == HEALTHY else f": {phase}")
    figures = {"ready": ready, "wanted": wanted, "primary": primary, "phase": phase}
    return [Row("instances", text, ready >= wanted and phase == HEALTHY, figures)]


def replication(place: Place, prometheus: Prometheus) -> list[Row]:
    """Return whether every replica follows, and how far the slowest is behind."""
    replicas = place.settings.database.instances - 1
    if place.settings.database.external or replicas == 0:
        return []
    streaming = prometheus.number("max(cnpg_pg_replication_streaming_replicas)")
    lag = prometheus.number("max(cnpg_pg_replication_lag)")
    figures = {"streaming": streaming, "wanted": replicas, "lag_seconds": lag}
    if streaming is None or lag is None:
        return [Row("replication", "not known: Prometheus has no figure of it", None, figures)]
    text = f"{streaming:.0f}/{replicas} replicas follow, the slowest {lag:.1f} s behind"
    return [Row("replication", text, streaming >= replicas, figures)]


def backups(place: Place) -> list[Row]:
    """Return how old the last base backup is, and whether the log after it is archived."""
    if place.settings.database.external:
        return [Row("backup", "its provider's: database.external")]
    if place.settings.backup is None:
        return [Row("backup", "none are kept (setting `backup`)")]
    status = place.json("get", "clusters.postgresql.cnpg.io", CLUSTER).get("status", {})
    archiving: dict[str, Any] = next(
        (each for each in status.get("conditions", ()) if each["type"] == "ContinuousArchiving"), {}
    )
    archived = archiving.get("status") == "True"
    return [
        _last_backup(status),
        Row("archive", archiving.get("message", "nothing was archived yet"), archived, {"archiving": archived}),
    ]


def _last_backup(status: dict[str, Any]) -> Row:
    """When it is too old is an alert's to say."""
    good, bad = (_time(status.get(key)) for key in ("lastSuccessfulBackup", "lastFailedBackup"))
    figures = {"age_seconds": since(good) if good else None, "failed_since": bool(bad and (not good or bad > good))}
    if good is None:
        return Row("backup", "none is there yet: `web4ctl backup`", False, figures)
    text = f"{age(since(good))} old"
    if bad and bad > good:
        return Row("backup", f"{text}; the one {age(since(bad))} ago FAILED", False, figures)
    return Row("backup", text, True, figures)


def drill(place: Place, prometheus: Prometheus) -> list[Row]:
    """Return how the last restore drill ended. When it is too long ago is an alert's to say."""
    if place.settings.database.external or place.settings.backup is None:
        return []
    then = prometheus.number("max(web4_restore_drill_timestamp_seconds)")
    passed = prometheus.number("min(web4_restore_drill_success)")
    if then is None or passed is None:
        return [Row("restore drill", "none was made yet: `web4ctl drill`", figures={"age_seconds": None})]
    ago = since(datetime.fromtimestamp(then).astimezone())
    figures = {"age_seconds": ago, "passed": passed == 1}
    return [Row("restore drill", f"{'passed' if passed else 'FAILED'} {age(ago)} ago", passed == 1, figures)]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
