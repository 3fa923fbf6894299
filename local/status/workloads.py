"""The stack's pods: what should run, and what of it does not."""

from typing import Any

from infra.components import alertmanager, edge, grafana, identity, object_store, prometheus, pushgateway, redis
from infra.kube import PART_OF
from infra.settings import Settings
from local.place import Place
from local.status.model import Row

_KINDS = "deployments.apps,statefulsets.apps"


def workloads(place: Place) -> list[Row]:
    """Return a row for each Deployment and StatefulSet of the stack, then one for each pod that is not ready.

    Postgres has its own (local/status/postgres.py). Raises UserError if Kubernetes cannot be asked.
    """
    label = ",".join(f"{key}={value}" for key, value in PART_OF.items())
    found = {each["metadata"]["name"]: each for each in place.json("get", _KINDS, f"--selector={label}")["items"]}
    names = expected(place.settings)
    rows = [_row(title, found.pop(name, None)) for title, name in names.items()]
    rows += [_row(name, each) for name, each in sorted(found.items())]
    return rows + _pods(place)


def expected(settings: Settings) -> dict[str, str]:
    """Return what these settings promise: the object's name by what people call it."""
    return {
        "service": identity.APP,
        "edge": edge.NAME,
        **({} if settings.redis.external else {"redis": redis.APP}),
        "prometheus": f"prometheus-{prometheus.NAME}",
        "alertmanager": f"alertmanager-{alertmanager.NAME}",
        "pushgateway": pushgateway.APP,
        **({"grafana": grafana.NAME} if settings.grafana.enabled else {}),
        **({"object store": object_store.APP} if settings.backup and settings.backup.local_store else {}),
    }


def _row(title: str, found: dict[str, Any] | None) -> Row:
    if found is None:
        return Row(title, "not there", False, {"ready": 0, "wanted": None})
    wanted, ready = found["spec"].get("replicas", 1), found["status"].get("readyReplicas", 0)
    figures = {"ready": ready, "wanted": wanted}
    if wanted == 0:
        return Row(title, "scaled to 0", False, figures)
    if found["spec"].get("paused"):
        return Row(title, f"{ready}/{wanted} ready, and paused: changes wait", False, figures)
    return Row(title, f"{ready}/{wanted} ready", ready >= wanted, figures)


def _pods(place: Place) -> list[Row]:
    """Not those that are being removed; nor a Job's, which come and go: what became of them is a metric."""
    pods = place.json("get", "pods")["items"]
    staying = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp") and not _of_a_job(pod)]
    return [_pod(pod) for pod in staying if not _ready(pod)]


def _of_a_job(pod: dict[str, Any]) -> bool:
    return any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", ()))


def _ready(pod: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


def _pod(pod: dict[str, Any]) -> Row:
    containers = pod["status"].get("containerStatuses", [])
    waiting = [each["state"]["waiting"]["reason"] for each in containers if "waiting" in each.get("state", {})]
    conditions = [each.get("message", "") for each in pod["status"].get("conditions", ()) if each["status"] == "False"]
    reason = next(filter(None, (*waiting, *conditions)), pod["status"].get("phase", "no phase yet"))
    restarts = sum(each["restartCount"] for each in containers)
    text = f"pod not ready: {reason}" + (f", {restarts} restarts" if restarts else "")
    return Row(pod["metadata"]["name"], text, False, {"reason": reason, "restarts": restarts})
