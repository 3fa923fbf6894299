"""`make chaos`: break the running stack in every way there is, under load, and say what that cost."""

import signal
import sys
from typing import Annotated

import typer

from chaos import report
from chaos.faults import FAULTS
from chaos.session import strike_each
from local.errors import UserError


def main(faults: Annotated[str, typer.Argument(help="Names, with commas between; none means all.")] = "") -> None:
    """Break the stack fault by fault; exits with 1 when an acknowledgement did not hold or a fault was not as said."""
    # Whoever ends it, what is broken is healed first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        chosen = _chosen(faults)
        rows, seconds = strike_each([FAULTS[name]() for name in chosen])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    section = report.run_section(rows, "make chaos" + (f" FAULTS={faults}" if faults else ""), seconds)
    print(f"\n{section}")
    if len(rows) == len(FAULTS):
        report.write(section, "make chaos")
    if len(rows) < len(chosen) or any(row.problems for row in rows):
        raise typer.Exit(1)


def _chosen(names: str) -> list[str]:
    chosen = names.split(",") if names else list(FAULTS)
    if unknown := [name for name in chosen if name not in FAULTS]:
        raise UserError(f"there is no fault {unknown[0]!r}: FAULTS= takes {', '.join(FAULTS)}")
    return chosen


if __name__ == "__main__":
    typer.run(main)
