"""`validate-setup`: what `validate` needs, a key and a society of its own."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4_identity.cli.common import EXIT_USAGE, fail, run_database, settings_or_exit, with_database
from web4_identity.cli.keys import write_key
from web4_identity.db.engine import Database
from web4_identity.db.founding import FOUNDER_GRANTS, GenesisRefused
from web4_identity.db.genesis import found_society
from web4_identity.db.migrate import migrate
from web4_identity.db.patience import patiently
from web4_identity.db.scratch import NotScratch, make_scratch_schema
from web4_identity.domain.keys import raw_public_key, to_multikey
from web4_identity.settings import Settings

# The run's mints cost about 50 times the first at the guide's factor of 1.5.
_PRICES = 100
_WAIT_SECONDS = 120


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(validate_setup)


def validate_setup(
    caller_key: Annotated[Path, typer.Option(help="Write the founder's new private key here (PEM, mode 0600).")],
    society: Annotated[str, typer.Option(help="Name of the society to found.")],
    scratch: Annotated[
        bool, typer.Option("--scratch", help="First make the schema DATABASE_SCHEMA anew; an earlier one is dropped.")
    ] = False,
    wait_for_role: Annotated[
        list[str] | None, typer.Option("--wait-for-role", help="As of `migrate`, with --scratch; repeat.")
    ] = None,
) -> None:
    """Make a key and found a society that `validate` attacks with: in the registry, or in a schema of its own."""
    settings = settings_or_exit()
    if scratch:
        if settings.database_schema is None:
            fail("--scratch needs DATABASE_SCHEMA", EXIT_USAGE)
        _make_scratch(settings, settings.database_schema, tuple(wait_for_role or ()))
    key = Ed25519PrivateKey.generate()

    async def found(database: Database) -> None:
        founding = partial(
            found_society,
            database,
            name=society,
            founder_public_key=to_multikey(raw_public_key(key)),
            grant=settings.initial_grant,
            founder_funds=max(FOUNDER_GRANTS * settings.initial_grant, _PRICES * settings.mint_base_cost),
        )
        await patiently(founding, _WAIT_SECONDS)

    try:
        run_database(with_database(settings, found))
    except GenesisRefused as error:
        fail(f"genesis refused: {error}")
    write_key(caller_key, key, force=False)
    typer.echo(f"society {society}: founded, its founder's key is in {caller_key}")


def _make_scratch(settings: Settings, schema: str, roles: tuple[str, ...]) -> None:
    async def work() -> None:
        await patiently(partial(make_scratch_schema, settings.database_url, schema), _WAIT_SECONDS)
        await migrate(settings.database_url, schema=schema, wait_seconds=_WAIT_SECONDS, roles=roles)

    try:
        run_database(work())
    except NotScratch as error:
        fail(str(error))
