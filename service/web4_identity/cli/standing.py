"""`standing`: say what an LCT is worth as a witness."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import typer

from web4_identity.cli.common import EXIT_USAGE, fail, run_database, settings_or_exit, with_database
from web4_identity.db.standing import Standing, StandingRefused, set_standing
from web4_identity.domain.tensors import ROOT_START

_ROOT = typer.Option(min=0, max=1, help="T3 root from 0 to 1.")


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(standing)


def standing(
    lct_id: Annotated[str, typer.Argument(help="The LCT that is to witness.")],
    talent: Annotated[float, _ROOT] = float(ROOT_START),
    training: Annotated[float, _ROOT] = float(ROOT_START),
    temperament: Annotated[float, _ROOT] = float(ROOT_START),
    actions: Annotated[
        int, typer.Option(min=0, max=2**31, help="Actions credited, besides those the registry has seen.")
    ] = 0,
    since: Annotated[
        str | None, typer.Option(help="Known since, such as 2025-01-31T00:00:00Z; its mint counts if that is earlier.")
    ] = None,
) -> None:
    """Set an LCT's standing as a witness, in place of any before. A society's first witnesses need it.

    A witness needs the T3 composite, age and actions that MIN_WITNESS_REPUTATION, MIN_WITNESS_AGE_DAYS and
    MIN_WITNESS_ACTIONS ask for.
    """
    talented, trained, tempered = (Decimal(str(root)) for root in (talent, training, temperament))
    value = Standing(talented, trained, tempered, actions, _time(since))
    try:
        run_database(with_database(settings_or_exit(), lambda database: set_standing(database, lct_id, value)))
    except StandingRefused as error:
        fail(str(error))
    typer.echo(f"standing of {lct_id} is set")


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    fail("--since must be a time with its zone, such as 2025-01-31T00:00:00Z", EXIT_USAGE)
