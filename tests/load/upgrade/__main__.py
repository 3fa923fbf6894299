"""`make upgrade`: bring an earlier release up, then this one, the earlier one again, and this one, all under load."""

import signal
import sys
from typing import Annotated

import typer
from chaos import report
from chaos.session import strike_each

from local.errors import UserError
from local.progress import say
from upgrade.releases import make_up, resolve, tree_of
from upgrade.steps import RollBack, Upgrade


def main(
    source: Annotated[str, typer.Argument(help="Tag or commit to come from; the newest tag if none.")] = "",
) -> None:
    """Upgrade and roll back with data and under load; exits with 1 when anything acknowledged is lost."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        revision = resolve(source)
        tree = tree_of(revision)
        say(f"upgrade: from {revision}, which is brought up first, of {tree}")
        make_up(tree)
        rows, seconds = strike_each([Upgrade(), RollBack(tree)])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    section = report.run_section(rows, f"make upgrade FROM={revision}", seconds)
    print(f"\n{section}")
    report.write(section, "make upgrade")
    if len(rows) < 2 or any(row.problems for row in rows):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
