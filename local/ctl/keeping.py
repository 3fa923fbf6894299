"""Commands that write something: a backup, an LCT, new passwords."""

from typing import Annotated

import typer

from local.ctl.base import AsJson, Stack, Time, alone, confirm, print_json, result_alone

commands = typer.Typer()


@commands.command()
def backup(
    minutes: Annotated[int, typer.Option(min=1, help="How long it may take.")] = 60,
    stack: Stack = "local",
    as_json: AsJson = False,
) -> None:
    """Take a base backup of the database now, wait until it is complete, and show it."""
    from local import backup
    from local.place import place

    with result_alone(as_json):
        taken = backup.take(place(stack), 60 * minutes)
    if as_json:
        print_json(taken.as_json())
    else:
        typer.echo(taken.text())


@commands.command()
def mint(
    name: Annotated[str, typer.Argument(help="The entity's name, unique in its society.")],
    kind: Annotated[
        str, typer.Option("--type", help="What it is: device, service, …; a human or an ai needs witnesses.")
    ] = "device",
    society: Annotated[str, typer.Option(help="The society it is born into; default that of stack local.")] = "",
    stack: Stack = "local",
    as_json: AsJson = False,
) -> None:
    """Mint an LCT through the edge, signed and paid for with the founder's key that `make up` keeps.

    The entity's own key is made for it and lost at the end: it is for trying out. `web4-identity mint` takes keys and
    witnesses. Of another stack, VERIFY_KEY is the payer's key, VERIFY_CA and VERIFY_URL are as for `verify`.
    """
    from local import mint
    from local.deployment import way_in

    answer = mint.mint(way_in(stack), society, kind, name)
    if as_json:
        print_json(answer)
    else:
        typer.echo(
            f"minted {answer['data']['lct_id']} for {answer['atp_cost']} ATP; "
            f"the payer has {answer['caller_atp_remaining']} ATP left"
        )


@commands.command()
def rotate(as_json: AsJson = False) -> None:
    """Replace stack local's passwords of Postgres and Redis while it serves, in three `pulumi up`.

    After an interruption it goes on with the ones it had begun. Other stacks: docs/operations.md, Rotation.
    """
    from local import rotate

    with result_alone(as_json), alone():
        rotated = rotate.rotate()
    if as_json:
        print_json({"stack": "local", "rotated": rotated})


@commands.command()
def restore(
    to: Time = "",
    yes: Annotated[bool, typer.Option("--yes", help="Replace the database without asking (as YES=1 does).")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace stack local's database by its own backups, as of a time; asks first.

    The service stops, what it wrote last is archived, and the database is made anew from the backups: what was
    committed after that time is not in it any more. The old backups stay where they are, and a base backup of the new
    database is taken at once. `web4ctl drill` tries a restore without touching anything. Other stacks:
    docs/operations.md, Restore.
    """
    from local import restore
    from local.times import moment

    until = moment(to) if to else None
    confirm(f"This replaces the registry by what it was at {to or 'the end of its backups'}. Go on?", yes)
    with result_alone(as_json), alone():
        done = restore.restore(until)
    if as_json:
        print_json(done.as_json())
    else:
        typer.echo(f"restored from {done.source} as of {to or 'the end of its archive'}: {done.ledger}")
        typer.echo(done.backup.text())
