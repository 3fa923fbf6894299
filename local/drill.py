"""`web4ctl drill`: the stack's monthly drill, now."""

import json
import secrets
import subprocess
from collections.abc import Callable
from typing import Any

import tenacity

from local.errors import UserError
from local.place import Place
from local.progress import say

CRON_JOB = "web4-restore-drill"
START_SECONDS = 120


def drill(place: Place, target_time: str) -> int:
    """Start the CronJob's own Job at once, show what it says, remove it, and return its exit code.

    Args:
        place: the stack.
        target_time: the time to restore, with its zone; empty is now.

    Raises:
        UserError: the stack has no drill, or the Job's pod did not start.
    """
    name = f"{CRON_JOB}-{secrets.token_hex(3)}"
    if place.settings.backup is None:
        raise UserError(f"stack {place.stack} keeps no backups (setting `backup`): there is nothing to restore.")
    job = place.json("create", "job", name, f"--from=cronjob/{CRON_JOB}", "--dry-run=client")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["env"].append({"name": "TARGET_TIME", "value": target_time})
    say(f"restore drill: Job {name}")
    place.kubectl("create", "--filename=-", stdin=json.dumps(job))
    try:
        return _follow(place, name)
    finally:
        place.kubectl("delete", "job", name, "--wait=false")


def _follow(place: Place, job: str) -> int:
    """Show the log of the Job's one pod as it is written, and return its exit code."""
    _wait_for_pod(place, job, lambda status: status["phase"] != "Pending")
    subprocess.run(place.command("logs", "--follow", f"job/{job}"), check=False)
    status = _wait_for_pod(place, job, lambda status: status["phase"] in {"Succeeded", "Failed"})
    return int(status["containerStatuses"][0]["state"]["terminated"]["exitCode"])


def _wait_for_pod(place: Place, job: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the status of the Job's pod once it has `reached` what is waited for."""
    selector = f"--selector=batch.kubernetes.io/job-name={job}"

    def status() -> dict[str, Any]:
        pods = place.json("get", "pods", selector)["items"]
        return next((pod["status"] for pod in pods if reached(pod["status"])), {})

    polling = tenacity.Retrying(
        wait=tenacity.wait_fixed(1),
        stop=tenacity.stop_after_delay(START_SECONDS),
        retry=tenacity.retry_if_result(lambda found: not found),
    )
    try:
        return polling(status)
    except tenacity.RetryError:
        raise UserError(f"the pod of Job {job} did not start, or not end: `kubectl get events` says why") from None
