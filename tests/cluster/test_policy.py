"""The policy pack as Pulumi itself runs it: what is planted into a program is refused before anything is made."""

import os
import subprocess
from pathlib import Path

import yaml

from local import stack
from local.paths import BIN, REPO

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s

cluster = k8s.Provider("cluster", render_yaml_to_directory="rendered")
k8s.core.v1.Pod(
    "planted",
    metadata={"name": "planted", "namespace": "web4"},
    spec={"hostNetwork": True, "containers": [{"name": "main", "image": "redis:7.4"}]},
    opts=pulumi.ResourceOptions(provider=cluster),
)
"""


def test_a_planted_pod_is_refused_by_the_rules_name_with_what_to_do(tmp_path: Path) -> None:
    """In a stack of its own that renders to files: no cluster is asked."""
    project = {"name": "planted", "runtime": {"name": "python", "options": {"virtualenv": str(REPO / ".venv")}}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "backend").mkdir()
    given = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/backend", "PULUMI_CONFIG_PASSPHRASE": "of a test"}
    environment = {**os.environ, **stack.environment(), **given}
    for name in ("PULUMI_CONFIG_PASSPHRASE_FILE", "KUBECONFIG"):
        environment.pop(name, None)

    def pulumi(*words: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [BIN / "pulumi", "--cwd", tmp_path, "--non-interactive", "--color=never", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert pulumi("stack", "init", "planted").returncode == 0
    done = pulumi("up", "--yes", "--skip-preview", f"--policy-pack={REPO / 'infra' / 'policy'}")
    assert done.returncode != 0
    assert "[mandatory]  restricted-host-namespaces  (kubernetes:core/v1:Pod: planted)" in done.stdout
    assert "Remove hostNetwork, hostPID and hostIPC" in done.stdout
    assert "Pod web4/planted: hostNetwork is true" in done.stdout
    assert not (tmp_path / "rendered").exists(), "it was made all the same"
