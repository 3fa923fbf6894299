"""What `make lint` checks is checked before a commit and in CI, and it finds what it is for."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local.paths import REPO

pytestmark = pytest.mark.unit

BIN = Path(sys.executable).parent


def test_the_hook_before_a_commit_is_usable_and_runs_what_ci_runs() -> None:
    config = REPO / ".pre-commit-config.yaml"
    subprocess.run([BIN / "pre-commit", "validate-config", config], check=True, timeout=60)
    (repository,) = yaml.safe_load(config.read_text())["repos"]
    assert (repository["repo"], [hook["entry"] for hook in repository["hooks"]]) == ("local", ["make --silent lint"])
    needs = next(line for line in (REPO / "Makefile").read_text().splitlines() if line.startswith("test: "))
    assert "lint" in needs.partition("##")[0].split()
    assert "make test" in (REPO / ".ci" / "run").read_text().splitlines()


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("def f(a):\n    return a\n", "no-untyped-def"),
        ("def f(a: str | None) -> int:\n    return len(a)\n", "arg-type"),
        ("from pydantic import BaseModel\n\n\nclass A(BaseModel):\n    b: int\n\n\nA(b=1, c=1)\n", "call-arg"),
    ],
    ids=["no types", "None", "a field's type"],
)
def test_types_are_checked_strictly(code: str, finding: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(code)
    options = [f"--config-file={REPO / 'pyproject.toml'}", f"--cache-dir={tmp_path}"]
    found = subprocess.run([BIN / "mypy", *options, file], capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 1 and f"[{finding}]" in found.stdout, found.stdout + found.stderr
