"""A tree of an earlier release, and its `make up`."""

import os
import subprocess
import sys
from pathlib import Path

from local.errors import UserError
from local.paths import REPO

TREES = REPO / "build" / "upgrade"


def resolve(revision: str) -> str:
    """Return the tag or commit to come from: `revision`, or else the newest tag before this commit.

    Raises:
        UserError: there is none of that name, or no tag yet.
    """
    if not revision:
        found = _git("describe", "--tags", "--abbrev=0", "HEAD^")
        if found.returncode != 0:
            raise UserError("no release is tagged before this commit: say where to come from, FROM=<tag or commit>.")
        return found.stdout.strip()
    if _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").returncode != 0:
        raise UserError(f"FROM={revision}: git knows no such tag or commit here.")
    return revision


def tree_of(revision: str) -> Path:
    """Return a checkout of it below build/, made if it is not there."""
    commit = _git("rev-parse", "--short=12", f"{revision}^{{commit}}").stdout.strip()
    tree = TREES / commit
    if not tree.exists():
        added = _git("worktree", "add", "--quiet", "--force", "--detach", str(tree), commit)
        if added.returncode != 0:
            raise UserError(f"git worktree add {tree}: {added.stderr.strip()}")
    return tree


def make_up(tree: Path) -> None:
    """Run that tree's `make up`, its lines on this one's output.

    Raises:
        UserError: it failed.
    """
    # The tree's own virtual environment is what make finds there; this one's must not be in its way.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAKEFLAGS")}
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", str(tree), "up"], env=environment, stdout=sys.stdout, check=False
    )
    if done.returncode != 0:
        raise UserError(f"`make up` in {tree} ended with exit code {done.returncode}")


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(REPO), *words], capture_output=True, text=True, check=False)
