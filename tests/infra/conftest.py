"""A stack's configuration with files of its own, and the program's resources for it."""

from pathlib import Path
from typing import Any

import pytest
from infra_recording import PRIVATE_KEY, Program, run_program

MANIFESTS = Path(__file__).parent / "manifests"


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The smallest configuration of stack local: what `make up` adds to Pulumi.local.yaml."""
    folder = tmp_path_factory.mktemp("machine")
    files = {"kubeconfig": "", "tls.crt": "-----BEGIN CERTIFICATE-----\n", "tls.key": PRIVATE_KEY}
    for name, text in files.items():
        (folder / name).write_text(text)
    return {
        "environment": "local",
        "cluster": {"kubeconfig": str(folder / "kubeconfig"), "context": "local"},
        "platform": {"manifests": str(MANIFESTS)},
        "edge": {"tls": {"certificate_file": str(folder / "tls.crt"), "private_key_file": str(folder / "tls.key")}},
    }


@pytest.fixture(scope="session")
def program(config: dict[str, Any]) -> Program:
    return run_program(config)
