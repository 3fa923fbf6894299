"""`make bench-pulumi`: how long Pulumi takes for what changes nothing."""

import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import page
import typer
from cluster_stack import pulumi_up
from infra_stacks import EDITED

from infra.environments import overlay
from local import render, stack
from local.errors import UserError
from local.progress import say
from local.tools import build as tools

TIMES = 3
HEADS = ("what", "median s", "all s")


def main(
    local: Annotated[
        bool, typer.Option(help="Also `pulumi up` of the running stack local, which must change nothing.")
    ] = False,
) -> None:
    """Measure each TIMES times after one that is not counted, and write docs/benchmarks.md."""
    try:
        rows = [_preview("prod"), _render("prod"), _unchanged("prod"), *([_up()] if local else [])]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    begins = page.when("make bench-pulumi" + (" LOCAL=1" if local else ""))
    machine = f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end"
    text = f"{begins}: {machine}.\n\n{page.table(HEADS, rows)}"
    print(f"\n{text}")
    page.put(page.BENCHMARKS, "make bench-pulumi", text)


def _preview(name: str) -> list[str]:
    """A stack's whole graph, through the real program and provider, without a cluster."""
    tools.build_all(render.tools(name))
    with TemporaryDirectory() as folder, render.project(name, _values(name), Path(folder)) as run:
        return _timed(f"`pulumi preview` of {name}, nothing there yet", lambda: run("preview", "--suppress-outputs"))


def _render(name: str) -> list[str]:
    with TemporaryDirectory() as folder:
        return _timed(f"`make render STACK={name}`", lambda: render.render(name, _values(name), Path(folder) / name))


def _unchanged(name: str) -> list[str]:
    """A stack's whole graph and a state that has all of it; the provider has files in a cluster's place."""
    with TemporaryDirectory() as folder, render.project(name, _values(name), Path(folder)) as run:
        update = partial(run, "up", "--yes", "--skip-preview", "--suppress-outputs")
        update()
        return _timed(
            f"`pulumi up` of {name}, without a cluster, nothing to change", partial(update, "--expect-no-changes")
        )


def _values(name: str) -> dict[str, Any]:
    """The committed example, edited as its comments ask for."""
    return overlay(render.configuration(name), EDITED)


def _up() -> list[str]:
    """Pulumi itself says whether there was something to change, and fails then."""

    def run() -> None:
        done = pulumi_up(stack.CONFIG, "--expect-no-changes")
        if done.returncode != 0:
            raise UserError(
                f"`pulumi up` failed, or had something to change:\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
            )

    stack.require()
    return _timed("`pulumi up` of the running stack local, nothing to change", run)


def _timed(what: str, run: Callable[[], None]) -> list[str]:
    seconds = []
    for _ in range(TIMES + 1):
        began = time.monotonic()
        run()
        seconds.append(time.monotonic() - began)
        say(f"{what}: {seconds[-1]:.1f} s")
    counted = seconds[1:]  # the first one reads program and provider from the disk
    return [what, f"{statistics.median(counted):.1f}", ", ".join(f"{each:.1f}" for each in counted)]


if __name__ == "__main__":
    typer.run(main)
