"""`make restore-drill`: the stack's monthly drill, now."""

import json
import secrets
import subprocess

from local.console import say
from local.errors import UserError
from local.target import Target

CRON_JOB = "web4-restore-drill"
NAMESPACE = "--namespace=web4"
START_SECONDS = 120


def drill(where: Target, target_time: str) -> int:
    """Start the CronJob's own Job at once, show what it says, remove it, and return its exit code.

    Args:
        where: the cluster that the stack runs on.
        target_time: the time to restore, with its zone; empty is now.

    Raises:
        UserError: the stack has no backups, or the Job's pod did not start.
    """
    name = f"{CRON_JOB}-{secrets.token_hex(3)}"
    job = json.loads(
        where.kubectl(NAMESPACE, "create", "job", name, f"--from=cronjob/{CRON_JOB}", "--dry-run=client", "-o=json")
    )
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["env"].append({"name": "TARGET_TIME", "value": target_time})
    say(f"restore drill: Job {name}")
    where.kubectl(NAMESPACE, "create", "--filename=-", stdin=json.dumps(job))
    try:
        return _follow(where, name)
    finally:
        where.kubectl(NAMESPACE, "delete", "job", name, "--wait=false")


def _follow(where: Target, job: str) -> int:
    """Show the log of the Job's one pod as it is written, and return its exit code."""
    selector = f"--selector=batch.kubernetes.io/job-name={job}"
    where.kubectl(NAMESPACE, "wait", f"job/{job}", "--for=create", f"--timeout={START_SECONDS}s")
    where.kubectl(
        NAMESPACE, "wait", "pod", selector, "--for=jsonpath={.status.startTime}", f"--timeout={START_SECONDS}s"
    )
    subprocess.run(
        where.command(NAMESPACE, "logs", "--follow", f"--pod-running-timeout={START_SECONDS}s", f"job/{job}"),
        check=False,
    )
    pods = json.loads(where.kubectl(NAMESPACE, "get", "pods", selector, "--output=json"))["items"]
    for pod in pods:
        for status in pod["status"].get("containerStatuses", []):
            if ended := status["state"].get("terminated"):
                return ended["exitCode"]
    raise UserError(f"the pod of Job {job} did not end: `kubectl describe job {job}` says why")
