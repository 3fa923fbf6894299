"""Commands that say whether a stack is well."""

from typing import Annotated

import typer

from local.ctl.base import NOT_WELL, AsJson, Stack, Time, alone, print_json, result_alone

commands = typer.Typer()


@commands.command()
def status(stack: Stack = "local", as_json: AsJson = False) -> None:
    """Show how a stack is, on one screen; exits with 1 unless all of it is well.

    Pods, replication, the last backup and restore drill, certificates, firing alerts, what is left of the error
    budgets, ATP and the ledger. It asks Kubernetes, and Prometheus through a port-forward. What cannot be asked is
    shown as `?` with the reason, and the rest all the same.
    """
    from local.status import look, screen

    found = look.look(stack)
    if as_json:
        print_json(found.as_json())
    else:
        typer.echo(screen.render(found))
    if not found.well:
        raise typer.Exit(NOT_WELL)


@commands.command()
def verify(stack: Stack = "local", as_json: AsJson = False) -> None:
    """Check a running stack from outside, as before it goes live; exits with 1 unless all is as promised.

    It mints, looks at what that cost, asks for what must be refused, and goes on until it is limited. Of another stack
    than local, VERIFY_KEY, VERIFY_CA and VERIFY_URL say what its file does not (docs/operations.md, Verification).
    """
    from local import deployment, verify

    rows = verify.verify(deployment.deployment(stack))
    if as_json:
        print_json([row.as_json() for row in rows])
    else:
        typer.echo(verify.table(rows))
    if not all(row.ok for row in rows):
        raise typer.Exit(NOT_WELL)


@commands.command(context_settings={"ignore_unknown_options": True})
def validate(
    options: Annotated[list[str] | None, typer.Argument(help="Further options of `web4-identity validate`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Attack stack local through its TLS edge, about 6 minutes; exits with 0 only if nothing got past it."""
    from local import gate
    from local.target import target

    with alone():
        raise typer.Exit(gate.validate(target(), [*(options or []), *(["--json"] if as_json else [])]))


@commands.command()
def drill(
    to: Time = "",
    stack: Stack = "local",
    as_json: AsJson = False,
) -> None:
    """Restore the database's backups beside it, compare, and remove the copy; exits with 0 only if all is the same.

    It is the stack's own monthly drill, now: its outcome is a metric, which `status` shows and alerts go by. The
    running database is not touched.
    """
    from local import drill as restore_drill
    from local.place import place

    with result_alone(as_json):
        code = restore_drill.drill(place(stack), to)
    if as_json:
        print_json({"stack": stack, "to": to or "now", "same": code == 0})
    raise typer.Exit(NOT_WELL if code else 0)
