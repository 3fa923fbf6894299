"""`make walkthrough`: go through docs/getting-started.md in a clean clone; docs/walkthrough.md has the log."""

import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from page import put, when

from local.ctl.base import confirm
from local.errors import UserError
from local.paths import REPO
from local.progress import say
from tests.walkthrough.steps import all_of_it
from tests.walkthrough.walk import Walk

PAGE = REPO / "docs" / "walkthrough.md"
CLONE = REPO / "build" / "walkthrough"


def main(
    source: Annotated[str, typer.Argument(help="Tag or commit to begin with; it is upgraded to this one.")] = "HEAD",
) -> None:
    """Walk, and uninstall at the end; exits with 1 where the guide does not hold, with the log until there."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began, problem = monotonic(), ""
    try:
        confirm("At its end the running stack and cluster are removed with all data. Go on?", yes=False)
        walk = Walk(_clone(source))
        try:
            all_of_it(walk)
        except UserError as error:
            problem = str(error)
        passed = timedelta(seconds=round(monotonic() - began))
        outcome = "and the guide did not hold" if problem else "and all of it held"
        head = f"{when(f'make walkthrough FROM={source}')}: {passed}, {outcome}."
        put(PAGE, "make walkthrough", "\n".join((head, "", *walk.log)))
        if problem:
            raise UserError(problem)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    say(f"walkthrough: done in {passed}; the log is in {PAGE.relative_to(REPO)}")


def _clone(source: str) -> Path:
    """Return a new clone of this checkout's branch, put back to `source` as if it had been cloned then.

    Raises UserError: git does not know `source`, or it is none of this branch's commits.
    """
    shutil.rmtree(CLONE, ignore_errors=True)
    for words in (
        ["clone", "--quiet", str(REPO), str(CLONE)],
        ["-C", str(CLONE), "merge-base", "--is-ancestor", source, "HEAD"],
        ["-C", str(CLONE), "reset", "--quiet", "--hard", source],
    ):
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(f"git {' '.join(words)}: {done.stderr.strip() or 'no'}")
    return CLONE


if __name__ == "__main__":
    typer.run(main)
