"""Checks made before anything else, with the standard library alone: the virtual environment does not exist yet.

Run as a script; prints one line for the first problem and exits with 1, else prints nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

GO = (1, 26)
PYTHON = (3, 11)
FIRST_RUN_GB = 15  # tools, their sources while they build, images and volumes
LATER_RUN_GB = 3  # images of one change, volumes


def problem(cache: Path, embedded: bool) -> str | None:
    """Return the first reason why this machine cannot run the bundle and what to do, or None.

    Args:
        cache: the cache folder, which need not exist.
        embedded: whether the embedded cluster is wanted (root and Linux), or the user's own.
    """
    if sys.platform != "linux":
        return "this machine is not Linux: use a Debian 12 machine, or KUBE_CONTEXT=… with tools of your own."
    if sys.version_info < PYTHON:
        return f"Python {sys.version.split()[0]} is too old: install Python 3.11 or newer."
    if embedded and os.geteuid() != 0:
        return (
            "not root: the embedded cluster makes namespaces and mounts; use sudo, or KUBE_CONTEXT=… for your cluster."
        )
    return _go_problem() or _disk_problem(cache)


def _go_problem() -> str | None:
    go = shutil.which("go")
    if not go:
        return "no Go on PATH: install Go 1.26 or newer (the tools are built from Go modules) and add it to PATH."
    words = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", words)
    if not found or (int(found[1]), int(found[2])) < GO:
        return f"Go is too old ({words.strip() or 'no version'}): install Go 1.26 or newer."
    return None


def _disk_problem(cache: Path) -> str | None:
    need = LATER_RUN_GB if (cache / "bin" / "pulumi").exists() else FIRST_RUN_GB
    existing = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if free < need:
        return (
            f"{free:.1f} GB of disk free at {existing}, {need} GB needed: free some, or set WEB4_CACHE to a folder on "
            "a larger disk."
        )
    return None


if __name__ == "__main__":
    try:
        folder = Path(os.environ.get("WEB4_CACHE") or "~/.cache/web4-identity").expanduser()
        message = problem(folder, embedded=not os.environ.get("KUBE_CONTEXT"))
    except (OSError, RuntimeError) as error:  # a name too long, `~` of a user that does not exist
        message = f"WEB4_CACHE can be no folder ({error}): name another."
    if message:
        sys.exit(f"error: {message}")
