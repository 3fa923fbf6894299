"""What every command shares: options, exit codes, and how a mistake is shown.

Nothing here or in a command's module may import what is slow (Pulumi, httpx, the settings) before the command runs:
the shell asks this program for completions while somebody waits with a finger on the key.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from local.errors import UserError
from local.paths import REPO
from local.times import moment

NOT_WELL, INTERRUPTED = 1, 130
EXIT_CODES = {
    0: "well: it was done, and what was looked at is as it should be",
    NOT_WELL: "not well: a check failed, something is down, or it could not be done; standard error says why",
    2: "usage: an unknown command, option or value; nothing was done",
    INTERRUPTED: "interrupted (Ctrl-C); the same command again goes on from there",
}

# An abstract socket's name: machine-wide, as the node's names are, and gone with the process that holds it.
LOCK = "\0web4-identity"


class Group(TyperGroup):
    """Shows what a user can mend as one line; any other error is ours and keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and turn what stopped it into a line and an exit code."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(NOT_WELL) from None
        except PermissionError as error:
            typer.echo(f"error: {error.filename}: permission denied. Run it as the user who ran `make up`.", err=True)
            raise typer.Exit(NOT_WELL) from None
        except KeyboardInterrupt:
            typer.echo("interrupted; run it again to go on", err=True)
            raise typer.Exit(INTERRUPTED) from None


def stacks() -> list[str]:
    """Return the names of the stacks that have a file."""
    return sorted(file.name.split(".")[1] for file in REPO.glob("Pulumi.*.yaml"))


def _known_stack(name: str) -> str:
    if name not in stacks():
        raise typer.BadParameter(f"there is no stack {name} (Pulumi.{name}.yaml): say one of {', '.join(stacks())}.")
    return name


Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        "-s",
        help="Which stack: its file is Pulumi.<stack>.yaml.",
        callback=_known_stack,
        autocompletion=stacks,
    ),
]


def _a_time(text: str) -> str:
    try:
        if text:
            moment(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


Time = Annotated[
    str,
    typer.Option(
        "--to",
        envvar="TARGET_TIME",
        help="The time to restore, such as 2025-01-31T12:00:00Z; default the newest.",
        callback=_a_time,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and all else to standard error.")]


@contextmanager
def alone() -> Iterator[None]:
    """Hold the machine's lock: two commands that change the cluster at once would undo each other's work."""
    with socket.socket(socket.AF_UNIX) as lock:
        try:
            lock.bind(LOCK)
        except OSError:
            raise UserError("another `make up`, `stop` or `down` is running on this machine: wait for it.") from None
        yield


@contextmanager
def result_alone(as_json: bool) -> Iterator[None]:
    """Where JSON is wanted, send what is said meanwhile, by children too, to standard error."""
    if not as_json:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def print_json(value: Any) -> None:
    """Print a result for programs."""
    typer.echo(json.dumps(value, indent=2, default=str))


def confirm(question: str, yes: bool) -> None:
    """Ask before data is lost, unless it was said already by --yes or YES=1.

    Raises:
        UserError: the answer was no, or there is no terminal to ask on.
    """
    if yes or os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty():
        raise UserError("this deletes data and there is no terminal to ask on: say --yes, or YES=1.")
    if not typer.confirm(question, err=True):
        raise UserError("nothing was changed.")
