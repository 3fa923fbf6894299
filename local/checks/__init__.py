"""What others think of the rendered stacks: kubeconform, kube-score and checkov, each on a folder of YAML files."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from local.checks.schemas import TEMPLATE, write_schemas
from local.console import run_logged
from local.paths import BIN, CACHE, MANIFESTS
from local.tools import build as tools
from local.tools.catalogue import CHECKS

SCHEMAS = CACHE / "schemas"
CHECKOV_LOCK = Path(__file__).parent / "requirements.lock"
CHECKOV_VENV = CACHE / f"checkov-{hashlib.sha256(CHECKOV_LOCK.read_bytes()).hexdigest()[:12]}"

KUBE_SCORE_EXCEPTIONS = {
    "container-image-pull-policy": "wants Always; prod's images are digests, which cannot change under a pod",
    "networkpolicy-targets-pod": "knows no pod that an operator makes; tests/infra/test_infra_network.py looks at ours",
}
CHECKOV_EXCEPTIONS = {
    "CKV_K8S_35": "wants Secrets as files; the service and redis-cli read passwords from variables (guide, Option 4)",
}


def missing() -> list[str]:
    """Return the names of the checks that are not there."""
    return [build.name for build in tools.pending(CHECKS)] + ([] if _checkov().exists() else ["checkov"])


def install() -> None:
    """Build or install the checks that are missing. checkov has an environment of its own: it brings 100 packages.

    Raises:
        UserError: a build or an installation failed.
    """
    tools.build_all(CHECKS)
    if not _checkov().exists():
        run_logged([sys.executable, "-m", "venv", CHECKOV_VENV], "checkov: environment", log="checkov-venv.log")
        run_logged(
            [
                *(CHECKOV_VENV / "bin" / "pip", "install", "--disable-pip-version-check"),
                *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", CHECKOV_LOCK),
            ],
            "checkov",
            log="checkov-pip.log",
            estimate=80,
            hint="The Python package index must be reachable.",
        )


def schemas(folder: Path) -> Path:
    """Write the schemas of all kinds that a stack may have into `folder`, and return it."""
    write_schemas(folder, SCHEMAS / "kubernetes.json", [*MANIFESTS.glob("*.yaml"), *SCHEMAS.glob("*.yaml")])
    return folder


def kubeconform(schemas: Path, objects: Path) -> list[str]:
    """Return a line for each object that is not as its schema says, a kind without schema included."""
    options = ["-strict", "-output=json", f"-schema-location={schemas}/{TEMPLATE}"]
    answer = json.loads(_run([BIN / "kubeconform", *options, objects], {0, 1}))
    return [f"{each['kind']} {each['name']}: {each['msg']}" for each in answer["resources"]]


def kube_score(objects: Path, exceptions: Iterable[str] = KUBE_SCORE_EXCEPTIONS) -> list[str]:
    """Return a line for each critical finding."""
    ignored = [f"--ignore-test={name}" for name in exceptions]
    files = sorted(objects.rglob("*.yaml"))
    lines = _run([BIN / "kube-score", "score", "--output-format=ci", *ignored, *files], {0, 1}).splitlines()
    return [line for line in lines if line.startswith("[CRITICAL]")]


def checkov(objects: Path, exceptions: Iterable[str] = CHECKOV_EXCEPTIONS) -> list[str]:
    """Return a line for each failed check of checkov's for Kubernetes."""
    options = ["--framework=kubernetes", "--compact", "--quiet", "--skip-download", "--output=json"]
    skipped = [f"--skip-check={','.join(exceptions)}"] if exceptions else []
    answer = json.loads(_run([_checkov(), *options, *skipped, "--directory", objects], {0, 1}))
    assert answer["summary"]["passed"], "checkov looked at nothing"
    return [
        f"{each['check_id']} {each['resource']}: {each['check_name']}" for each in answer["results"]["failed_checks"]
    ]


def _checkov() -> Path:
    return CHECKOV_VENV / "bin" / "checkov"


def _run(command: list[str | Path], expected: set[int]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode not in expected:
        raise RuntimeError(f"{command[0]} broke off ({result.returncode}): {result.stderr}{result.stdout}")
    return result.stdout
