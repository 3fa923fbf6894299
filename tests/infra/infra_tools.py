"""The tools that `make up` builds: promtool, amtool, Alertmanager itself."""

import os
import shutil
import subprocess
from pathlib import Path


def tool(name: str) -> str:
    """Its path: PATH's, or the one that is built."""
    cache = Path(os.environ.get("WEB4_CACHE", "~/.cache/web4-identity")).expanduser()
    found = shutil.which(name) or shutil.which(name, path=cache / "bin")
    assert found, f"{name} is neither on PATH nor in {cache}/bin; `make up` builds it"
    return found


def run_tool(name: str, *arguments: str | Path) -> str:
    """What it prints; fails with all it says unless it succeeds."""
    done = subprocess.run([tool(name), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
