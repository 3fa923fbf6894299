"""What the node's components read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import REPO

pytestmark = pytest.mark.unit

WRITE = "from local.cluster.files import write; print([write(name) for name in ('pause:1', 'pause:1', 'pause:2')])"


def test_a_running_containerd_is_only_started_again_for_another_configuration(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", WRITE],
        cwd=REPO,
        env={**os.environ, "WEB4_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[True, False, True]"
