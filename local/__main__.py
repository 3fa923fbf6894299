"""`python -m local`: the commands behind the Makefile's targets."""

import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

from local import checks, gate, restore, stack
from local import up as whole
from local.cluster import lifecycle, node
from local.console import say
from local.errors import UserError
from local.paths import CACHE
from local.target import target
from local.tools import build as tools

# An abstract socket's name: machine-wide, as the node's names are, and gone with the process that holds it.
LOCK = "\0web4-identity"

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the machine's lock: two commands that change the cluster at once would undo each other's work."""
    with socket.socket(socket.AF_UNIX) as lock:
        try:
            lock.bind(LOCK)
        except OSError:
            raise UserError("another `make up`, `stop` or `down` is running on this machine: wait for it.") from None
        yield


def _plain_errors(command: Callable[..., object]) -> Callable[..., None]:
    """Show a UserError as one line and exit with 1; another error is ours and keeps its traceback."""

    @wraps(command)
    def run(*args: object, **named: object) -> None:
        try:
            command(*args, **named)
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            print("interrupted; run it again to go on", file=sys.stderr)
            raise typer.Exit(130) from None

    return run


@app.command()
@_plain_errors
def up() -> None:
    """Bring everything up: tools, cluster, images, `pulumi up`, and a first LCT."""
    whole.check()
    with _alone():
        whole.up()


@app.command()
@_plain_errors
def down(yes: bool = typer.Option(False, help="Delete the data without asking.")) -> None:
    """Remove the stack and the embedded cluster, data included. Asks first."""
    if not yes and os.environ.get("YES") != "1":
        question = "This deletes the registry, its ledger and the cluster. Go on? [y/N] "
        if not sys.stdin.isatty():
            raise UserError("this deletes data and there is no terminal to ask on: say YES=1.")
        if input(question).strip().lower() not in {"y", "yes"}:
            raise UserError("nothing was removed.")
    with _alone():
        whole.down()


@app.command("cluster-stop")
@_plain_errors
def cluster_stop() -> None:
    """Stop the embedded cluster and keep its data; `up` starts it again."""
    with _alone():
        whole.stop()


@app.command()
@_plain_errors
def status(as_json: bool = typer.Option(False, "--json", help="For programs.")) -> None:
    """Show each part of the embedded cluster; exits with 1 unless all are well."""
    rows = lifecycle.status()
    if as_json:
        print(json.dumps(dict(rows)))
    else:
        for name, well in rows:
            print(f"{'ok  ' if well else 'DOWN'}  {name}")
    if not all(well for _, well in rows):
        raise typer.Exit(1)


@app.command()
@_plain_errors
def env() -> None:
    """Print the variables with which `pulumi` and `kubectl` run by hand, for `eval`."""
    for name, value in {**stack.environment(), "KUBECONFIG": str(target().kubeconfig)}.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command(context_settings={"ignore_unknown_options": True})
@_plain_errors
def validate(
    options: Annotated[list[str] | None, typer.Argument(help="Options of `web4-identity validate`.")] = None,
) -> None:
    """Attack the running stack through its edge; exits with 0 only when nothing got past it."""
    with _alone():
        raise typer.Exit(gate.validate(target(), options or []))


@app.command("restore-drill")
@_plain_errors
def restore_drill(
    target_time: Annotated[str, typer.Option(envvar="TARGET_TIME", help="The time to restore; default now.")] = "",
) -> None:
    """Restore the database's backups into a second cluster and compare; exits with 0 only when all is the same."""
    raise typer.Exit(restore.drill(target(), target_time))


@app.command()
@_plain_errors
def verify(
    name: Annotated[str, typer.Argument(help="The stack.")] = stack.STACK,
    as_json: bool = typer.Option(False, "--json", help="For programs."),
) -> None:
    """Check a running stack from outside before it goes live; exits with 1 unless all is as expected."""
    from local import deployment, verify  # here, as `render` is

    rows = verify.verify(deployment.deployment(name))
    print(json.dumps([row.as_json() for row in rows], indent=2) if as_json else verify.table(rows))
    if not all(row.ok for row in rows):
        raise typer.Exit(1)


@app.command()
@_plain_errors
def rotate() -> None:
    """Replace the passwords of Postgres and Redis while the stack serves."""
    from local import rotate  # here, as `render` is

    with _alone():
        rotate.rotate()


@app.command()
@_plain_errors
def render(
    name: str, config: Annotated[Path | None, typer.Option(help="In place of the committed file.")] = None
) -> None:
    """Write every object of a stack as YAML, without a cluster."""
    from local import render  # here, as it brings Pulumi's SDK, which the other commands need not wait for

    with _alone() if tools.pending(render.tools(name)) else nullcontext():
        tools.build_all(render.tools(name))
    folder = render.RENDERED / name
    render.render(name, render.configuration(name, config), folder)
    say(f"render: {len(list(folder.rglob('*.yaml')))} objects in {folder}, Secrets in plain text among them")


@app.command("check-tools")
@_plain_errors
def check_tools() -> None:
    """Build or install what `make test-manifests` needs beside the tools of `up`."""
    with _alone() if checks.missing() else nullcontext():
        checks.install()


@app.command()
@_plain_errors
def clean() -> None:
    """Remove the cache folder: tools, images, everything. The cluster must be down."""
    if left := node.leftovers():
        raise UserError(f"the cluster is there ({left[0]}, …): run `make down` first.")
    shutil.rmtree(CACHE)


if __name__ == "__main__":
    app()
