"""Runs the tools that `make up` builds: promtool, amtool."""

import os
import shutil
import subprocess
from pathlib import Path


def run_tool(name: str, *arguments: str | Path) -> str:
    """Its output; fails with what it says unless it succeeds."""
    cache = Path(os.environ.get("WEB4_CACHE", "~/.cache/web4-identity")).expanduser()
    found = shutil.which(name) or shutil.which(name, path=cache / "bin")
    assert found, f"{name} is neither on PATH nor in {cache}/bin; `make up` builds it"
    done = subprocess.run([found, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
