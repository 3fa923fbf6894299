"""The second cluster: made from the first one's backups as a CloudNativePG `Cluster`, awaited, and removed."""

from datetime import UTC, datetime
from typing import Any

import tenacity

from web4_identity.restore.kubernetes import CLAIMS, CLUSTERS, JOBS, PODS, Kubernetes

POLL_SECONDS = 2
REMOVAL_SECONDS = 300

# What the second cluster has of the first: the same server (a standby's limits may not be lower than the primary's),
# the same size, the same roles with their passwords of today.
_SAME = (
    "imageName",
    "imagePullPolicy",
    "postgresUID",
    "postgresGID",
    "managed",
    "storage",
    "resources",
    "seccompProfile",
    "priorityClassName",
    "serviceAccountTemplate",
    "inheritedMetadata",
)


class RestoreFailed(Exception):
    """The second cluster did not come up. The message says what is known of why."""


def second_cluster(first: dict[str, Any], name: str, moment: datetime) -> dict[str, Any]:
    """The manifest of a cluster called `name` that is `first`, an object as the API server has it, at `moment`.

    It has one instance and archives nothing. Raises RestoreFailed if `first` has no backups.
    """
    spec, first_name = first["spec"], first["metadata"]["name"]
    store = spec.get("backup", {}).get("barmanObjectStore")
    if not store:
        raise RestoreFailed(f"{first_name} has no backups: its spec.backup names no object store")
    postgresql = {key: value for key, value in spec["postgresql"].items() if key != "synchronous"}
    # Signed by the first one's CA, which whoever compares the two believes already.
    certificates = {"serverCASecret": f"{first_name}-ca"}
    # Not RFC 3339's T: CloudNativePG would rewrite that with a Z, which Postgres refuses in this one parameter, as it
    # is read before the time zones' abbreviations are.
    target = {"targetTime": moment.astimezone(UTC).isoformat(sep=" ")}
    return {
        "apiVersion": first["apiVersion"],
        "kind": first["kind"],
        "metadata": {"name": name, "labels": first["metadata"].get("labels", {})},
        "spec": {
            **{key: spec[key] for key in _SAME if key in spec},
            "instances": 1,
            "postgresql": postgresql,
            "certificates": certificates,
            "bootstrap": {"recovery": {"source": "first", "recoveryTarget": target}},
            "externalClusters": [{"name": "first", "barmanObjectStore": {"serverName": first_name, **store}}],
        },
    }


def wait_until_ready(kubernetes: Kubernetes, name: str, seconds: float) -> None:
    """Wait until the cluster takes connections; raises RestoreFailed when its recovery fails or takes longer."""
    polling = tenacity.Retrying(
        wait=tenacity.wait_fixed(POLL_SECONDS),
        stop=tenacity.stop_after_delay(seconds),
        retry=tenacity.retry_if_result(lambda ready: not ready),
    )
    try:
        polling(_is_ready, kubernetes, name)
    except tenacity.RetryError:
        cluster = kubernetes.get(CLUSTERS, name) or {}
        phase = cluster.get("status", {}).get("phase", "unknown")
        raise RestoreFailed(f"{name} is not ready after {seconds:.0f} s; its phase: {phase}") from None


def remove(kubernetes: Kubernetes, name: str) -> None:
    """Remove the cluster if it is there, and wait until its pods and volumes are gone.

    Raises RestoreFailed if they are still there after five minutes.
    """
    kubernetes.delete(CLUSTERS, name)
    polling = tenacity.Retrying(
        wait=tenacity.wait_fixed(POLL_SECONDS),
        stop=tenacity.stop_after_delay(REMOVAL_SECONDS),
        retry=tenacity.retry_if_result(bool),
    )
    try:
        polling(_remains, kubernetes, name)
    except tenacity.RetryError:
        raise RestoreFailed(f"{name} is not gone {REMOVAL_SECONDS} s after it was deleted") from None


def _is_ready(kubernetes: Kubernetes, name: str) -> bool:
    """Raises RestoreFailed at the first failed try: a restore that has to be tried twice is not a proved one."""
    for job in kubernetes.list(JOBS, f"cnpg.io/cluster={name}"):
        if job.get("status", {}).get("failed"):
            raise RestoreFailed(f"the recovery failed: the pod of Job {job['metadata']['name']} ended with an error")
    cluster = kubernetes.get(CLUSTERS, name) or {}
    conditions = cluster.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _remains(kubernetes: Kubernetes, name: str) -> bool:
    if kubernetes.get(CLUSTERS, name):
        return True
    return any(kubernetes.list(kind, f"cnpg.io/cluster={name}") for kind in (PODS, CLAIMS))
