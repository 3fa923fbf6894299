"""The stack as Pulumi and the cluster hold it."""

import os
import signal
import subprocess
import time

from cluster_stack import Kubectl

from local import credentials, stack
from local.cluster import lifecycle
from local.cluster.components import components
from local.cluster.process import alive
from local.images import build as images
from local.paths import BIN, CLUSTER, REPO, STATE


def pulumi(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "pulumi", "--cwd", REPO, "--non-interactive", "--color=never", *words, f"--stack={stack.STACK}"],
        env={**os.environ, **stack.environment()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_second_pulumi_up_has_nothing_to_do() -> None:
    done = pulumi("preview", "--expect-no-changes", "--diff", f"--config-file={stack.CONFIG}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_pulumi_refresh_finds_no_drift() -> None:
    """Statuses change by themselves, so what is compared is what the program asks for with what the cluster has."""
    done = pulumi("preview", "--refresh", "--expect-no-changes", "--diff", f"--config-file={stack.CONFIG}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_pod_of_ours_passes_the_restricted_profile(kubectl: Kubectl) -> None:
    namespace = kubectl.json("get", "namespace", "web4")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in kubectl.json("get", "pods")["items"]:
        assert pod["status"]["phase"] in {"Running", "Succeeded"}, pod["metadata"]["name"]


def test_a_crashed_component_is_seen_and_repaired() -> None:
    scheduler = next(c.process for c in components() if c.process.name == "kube-scheduler")
    pid = int(scheduler.pid_file.read_text().split(":")[1].split(",")[0])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while alive(scheduler):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert dict(lifecycle.status())["kube-scheduler"] is False
    lifecycle.start(images.references())
    lifecycle.finish(images.references())
    assert all(well for _, well in lifecycle.status())


def test_keys_are_private() -> None:
    keys = [
        *(CLUSTER / "pki").glob("*.key"),
        *CLUSTER.glob("*.kubeconfig"),
        *STATE.glob("*.key"),
        credentials.FOUNDER_KEY,
    ]
    assert len(keys) > 10
    assert [key for key in keys if key.stat().st_mode & 0o077] == []
