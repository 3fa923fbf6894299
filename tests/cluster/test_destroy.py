"""A second, small stack beside the first in the same cluster: brought up, and gone without a trace."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster_stack import Kubectl

from infra.environments import overlay
from local import stack
from local.paths import BIN, REPO

STACK, NAMESPACE = "short-lived", "web4-short-lived"
# One of everything, and nothing that the cluster has only once: the operators, a port of its nodes.
SMALL: dict[str, Any] = {
    "namespace": NAMESPACE,
    "platform": {"install": False},
    "database": {"instances": 1},
    "identity": {"replicas": 1},
    "edge": {"replicas": 1, "node_port": 30444},
    # Whatever the first one's database was restored from.
    "backup": {"server_name": None, "recovery": None},
}


class Pulumi:
    """Pulumi on the second stack, whose configuration is the first one's with `SMALL` over it."""

    def __init__(self, folder: Path) -> None:
        self._config = folder / f"Pulumi.{STACK}.yaml"
        shutil.copyfile(REPO / "Pulumi.yaml", folder / "Pulumi.yaml")
        subprocess.run([BIN / "pulumi", f"--cwd={folder}", "stack", "init", STACK], env=self._environment(), check=True)
        document = yaml.safe_load(self._config.read_text())
        first = yaml.safe_load(stack.CONFIG.read_text())["config"]
        small = {f"{stack.PROJECT}:{name}": value for name, value in SMALL.items()}
        self._config.write_text(yaml.safe_dump({**document, "config": overlay(first, small)}))

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        options = (f"--cwd={REPO}", "--non-interactive", "--color=never")
        return subprocess.run(
            [BIN / "pulumi", *options, *words, f"--stack={STACK}", f"--config-file={self._config}"],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def remove(self) -> None:
        """Forget the stack, in whatever state it is."""
        self("destroy", "--yes", "--skip-preview")
        words = ("stack", "rm", STACK, "--yes", "--force", "--preserve-config")
        subprocess.run([BIN / "pulumi", f"--cwd={REPO}", *words], env=self._environment(), check=True)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **stack.environment()}


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    pulumi = Pulumi(tmp_path_factory.mktemp("short-lived"))
    try:
        yield pulumi
    finally:
        pulumi.remove()


def left_over(kubectl: Kubectl, *kinds: str) -> list[str]:
    """The names of what there is of the second stack outside of its namespace, and the namespace."""
    names = kubectl("get", ",".join(kinds), "--output=name").split()
    return [name for name in names if NAMESPACE in name]


def volumes(kubectl: Kubectl) -> list[str]:
    """The volumes that the second stack claims."""
    claimed = kubectl.json("get", "persistentvolumes")["items"]
    return [each["metadata"]["name"] for each in claimed if each["spec"]["claimRef"]["namespace"] == NAMESPACE]


@pytest.fixture
def room(kubectl: Kubectl) -> Iterator[None]:
    """Two cores hold no second stack beside the whole first one, whose service has one pod meanwhile."""
    pods = len(kubectl.identity_pods())
    kubectl.scale_service(1)
    yield
    kubectl.scale_service(pods)


def lasting_pods(kubectl: Kubectl) -> set[str]:
    """The ids of all pods in the cluster that are to run for ever: the operators' and the add-ons' too, no Job's."""
    pods = kubectl.json("get", "pods", "--all-namespaces")["items"]
    lasting = [each["metadata"] for each in pods if each["spec"]["restartPolicy"] == "Always"]
    return {each["uid"] for each in lasting if "deletionTimestamp" not in each}


@pytest.mark.usefixtures("room")
def test_two_stacks_live_in_one_cluster_and_one_leaves_nothing_behind(pulumi: Pulumi, kubectl: Kubectl) -> None:
    before = lasting_pods(kubectl)
    up = pulumi("up", "--yes", "--skip-preview")
    assert up.returncode == 0, up.stdout + up.stderr
    served = kubectl(
        f"--namespace={NAMESPACE}", "get", "deployment/web4-edge", "--output=jsonpath={.status.readyReplicas}"
    )
    assert served == "1"
    assert volumes(kubectl), "or there would be none to be removed"

    down = pulumi("destroy", "--yes", "--skip-preview")
    assert down.returncode == 0, down.stdout + down.stderr
    assert left_over(kubectl, "namespaces", "priorityclasses", "clusterroles", "clusterrolebindings") == []
    kubectl("wait", "persistentvolumes", "--all", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s")
    assert volumes(kubectl) == []
    assert lasting_pods(kubectl) == before, "a pod of the first stack, or of what both stand on, had to go"
