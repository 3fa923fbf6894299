"""`migrate`, `genesis` and `ledger verify`."""

from typing import Annotated

import typer

from web4_identity.cli.common import EXIT_REFUSED, EXIT_USAGE, fail, run_database, settings_or_exit, with_database
from web4_identity.db.engine import Database
from web4_identity.db.genesis import Genesis, GenesisRefused, found_society
from web4_identity.db.migrate import migrate as run_migrations
from web4_identity.db.verify import verify_ledger
from web4_identity.settings import Settings

Society = Annotated[str | None, typer.Option("--genesis-society", help="Name of the society to found.")]
PublicKey = Annotated[str | None, typer.Option("--genesis-public-key", help="The founder's public key, z6Mk...")]
Funds = Annotated[
    int | None, typer.Option("--genesis-funds", help="ATP for the founder; default 10 x INITIAL_ATP_GRANT.")
]
PoolFunds = Annotated[
    int | None,
    typer.Option("--genesis-pool-funds", help="ATP for the pool that pays grants; default 1000 x INITIAL_ATP_GRANT."),
]

ledger = typer.Typer(help="The ATP ledger.", no_args_is_help=True)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(migrate)
    app.command()(genesis)
    app.add_typer(ledger, name="ledger")


def migrate(
    genesis_society: Society = None,
    genesis_public_key: PublicKey = None,
    genesis_funds: Funds = None,
    genesis_pool_funds: PoolFunds = None,
    wait_seconds: Annotated[float, typer.Option(min=0, help="How long to wait for a database out of reach.")] = 120,
) -> None:
    """Bring the database to the newest schema and, if asked, found a society. Both may be repeated safely."""
    if (genesis_society is None) != (genesis_public_key is None):
        fail("--genesis-society and --genesis-public-key go together", EXIT_USAGE)
    if genesis_society is None and (genesis_funds is not None or genesis_pool_funds is not None):
        fail("--genesis-funds and --genesis-pool-funds need --genesis-society", EXIT_USAGE)
    settings = settings_or_exit()
    run_database(run_migrations(settings.database_url, wait_seconds=wait_seconds))
    typer.echo("the schema is up to date")
    if genesis_society is not None and genesis_public_key is not None:
        _found(settings, genesis_society, genesis_public_key, genesis_funds, genesis_pool_funds)


def genesis(
    genesis_society: Annotated[str, typer.Option("--genesis-society", help="Name of the society to found.")],
    genesis_public_key: Annotated[str, typer.Option("--genesis-public-key", help="The founder's public key, z6Mk...")],
    genesis_funds: Funds = None,
    genesis_pool_funds: PoolFunds = None,
) -> None:
    """Found a society: its founder's LCT, its pool and its ATP. Repeating it changes nothing."""
    _found(settings_or_exit(), genesis_society, genesis_public_key, genesis_funds, genesis_pool_funds)


@ledger.command()
def verify() -> None:
    """Check that every transfer sums to zero, every balance matches its entries and no ATP appeared or vanished."""
    settings = settings_or_exit()
    violations, summary = run_database(with_database(settings, verify_ledger))
    for line in violations:
        typer.echo(f"web4-identity: {line}", err=True)
    if violations:
        raise typer.Exit(EXIT_REFUSED)
    typer.echo(f"the ledger is sound: {summary}")


def _found(settings: Settings, name: str, public_key: str, funds: int | None, pool_funds: int | None) -> None:
    async def work(database: Database) -> Genesis:
        return await found_society(
            database,
            name=name,
            founder_public_key=public_key,
            grant=settings.initial_grant,
            founder_funds=funds,
            pool_funds=pool_funds,
        )

    try:
        done = run_database(with_database(settings, work))
    except GenesisRefused as error:
        fail(f"genesis refused: {error}")
    typer.echo(f"society {name}: {'founded' if done.created else 'already there, unchanged'}, founder {done.founder}")
