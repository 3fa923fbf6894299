"""`make chaos`: break the running stack in every way there is, under load, and say what that cost."""

import signal
import sys
import time
from typing import Annotated

import typer
from cluster_stack import Kubectl

from chaos import report
from chaos.alerts import AlertWatch
from chaos.faults import FAULTS
from chaos.row import Row
from chaos.run import Run
from chaos.scene import Scene
from chaos.traffic_process import TrafficProcess
from local import stack
from local.errors import UserError
from local.paths import REPO
from local.progress import say
from local.target import target

RUNS = REPO / "build" / "chaos"


def main(faults: Annotated[str, typer.Argument(help="Names, with commas between; none means all.")] = "") -> None:
    """Break the stack fault by fault; exits with 1 when an acknowledgement did not hold or a fault was not as said."""
    # Whoever ends it, what is broken is healed first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        chosen = _chosen(faults)
        rows, seconds = _run(chosen)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    section = report.run_section(rows, "make chaos" + (f" FAULTS={faults}" if faults else ""), seconds)
    print(f"\n{section}")
    if len(rows) == len(FAULTS):
        report.write(section)
    if len(rows) < len(chosen) or any(row.problems for row in rows):
        raise typer.Exit(1)


def _chosen(names: str) -> list[str]:
    chosen = names.split(",") if names else list(FAULTS)
    if unknown := [name for name in chosen if name not in FAULTS]:
        raise UserError(f"there is no fault {unknown[0]!r}: FAULTS= takes {', '.join(FAULTS)}")
    return chosen


def _run(names: list[str]) -> tuple[list[Row], float]:
    """Return the rows of the faults that were tried, and how long it took in seconds."""
    if not stack.exists():
        raise UserError("there is no stack on this machine: run `make up` first.")
    where, began, rows = target(), time.time(), []
    run = f"chaos-{int(began):x}"
    folder = RUNS / run
    folder.mkdir(parents=True)
    kubectl = Kubectl(where)
    edge = where.address(), int(stack.outputs()["edge_node_port"])
    url = f"https://{edge[0]}:{edge[1]}"
    with TrafficProcess(where, url, run, folder) as traffic, AlertWatch(kubectl) as alerts:
        traffic.wait_for_all_clients()
        say(f"load: {url}, societies {run}-…, every answer in {folder.relative_to(REPO)}/requests.jsonl")
        striking = Run(Scene(kubectl, run, traffic, edge), alerts)
        try:
            for name in names:
                rows.append(striking.strike(FAULTS[name]()))
        except UserError as error:
            say(f"{name}: {error}; what follows is left out")
    return rows, time.time() - began


if __name__ == "__main__":
    typer.run(main)
