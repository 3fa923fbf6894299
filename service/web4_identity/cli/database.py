"""`migrate`, `genesis` and `ledger verify`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from web4_identity.cli.common import EXIT_REFUSED, EXIT_USAGE, fail, run_database, settings_or_exit, with_database
from web4_identity.db.engine import Database
from web4_identity.db.founding import FirstWitnesses, GenesisRefused
from web4_identity.db.genesis import Genesis, found_society
from web4_identity.db.migrate import migrate as run_migrations
from web4_identity.db.standing import Standing
from web4_identity.db.verify import verify_ledger
from web4_identity.domain.tensors import ROOT_START
from web4_identity.settings import Settings

_SOCIETY = typer.Option("--genesis-society", help="Name of the society to found.")
_PUBLIC_KEY = typer.Option("--genesis-public-key", help="The founder's public key, z6Mk...")
BindingProof = Annotated[
    str | None,
    typer.Option(
        "--genesis-binding-proof",
        help="The founder's, which `keygen --show FILE --binding organization` prints; may be added later.",
    ),
]
Witnesses = Annotated[
    list[str] | None,
    typer.Option(
        "--genesis-witness",
        help="Public key of a human the society begins with, who may witness at once; repeat for more.",
    ),
]
Funds = Annotated[
    int | None, typer.Option("--genesis-funds", help="ATP for the founder; default 10 x INITIAL_ATP_GRANT.")
]
PoolFunds = Annotated[
    int | None,
    typer.Option("--genesis-pool-funds", help="ATP for the pool that pays grants; default 1000 x INITIAL_ATP_GRANT."),
]
WitnessFunds = Annotated[int, typer.Option("--genesis-witness-funds", help="ATP for each first witness.")]

ledger = typer.Typer(help="The ATP ledger.", no_args_is_help=True)


@dataclass(frozen=True)
class _Wish:
    """What the options of a founding say, as they were given."""

    binding_proof: str | None
    witnesses: list[str] | None
    funds: int | None
    pool_funds: int | None
    witness_funds: int


def add_commands(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(migrate)
    app.command()(genesis)
    app.add_typer(ledger, name="ledger")


def migrate(
    genesis_society: Annotated[str | None, _SOCIETY] = None,
    genesis_public_key: Annotated[str | None, _PUBLIC_KEY] = None,
    genesis_binding_proof: BindingProof = None,
    genesis_witness: Witnesses = None,
    genesis_funds: Funds = None,
    genesis_pool_funds: PoolFunds = None,
    genesis_witness_funds: WitnessFunds = 0,
    wait_for_role: Annotated[
        list[str] | None,
        typer.Option("--wait-for-role", help="A role of Postgres that must be there, to be given its rights; repeat."),
    ] = None,
    wait_seconds: Annotated[float, typer.Option(min=0, help="How long to wait for a database out of reach.")] = 120,
) -> None:
    """Bring the database to the newest schema and, if asked, found a society. Both may be repeated safely."""
    if (genesis_society is None) != (genesis_public_key is None):
        fail("--genesis-society and --genesis-public-key go together", EXIT_USAGE)
    wish = _Wish(genesis_binding_proof, genesis_witness, genesis_funds, genesis_pool_funds, genesis_witness_funds)
    if genesis_society is None and wish != _Wish(None, None, None, None, 0):
        fail("the other --genesis options need --genesis-society", EXIT_USAGE)
    settings = settings_or_exit()
    roles = tuple(wait_for_role or ())
    if roles and settings.database_url.get_secret_value().startswith("sqlite:"):
        fail("--wait-for-role is for Postgres: SQLite has no roles", EXIT_USAGE)
    run_database(
        run_migrations(settings.database_url, schema=settings.database_schema, wait_seconds=wait_seconds, roles=roles)
    )
    typer.echo("the schema is up to date")
    if genesis_society is not None and genesis_public_key is not None:
        _found(settings, genesis_society, genesis_public_key, wish)


def genesis(
    genesis_society: Annotated[str, _SOCIETY],
    genesis_public_key: Annotated[str, _PUBLIC_KEY],
    genesis_binding_proof: BindingProof = None,
    genesis_witness: Witnesses = None,
    genesis_funds: Funds = None,
    genesis_pool_funds: PoolFunds = None,
    genesis_witness_funds: WitnessFunds = 0,
) -> None:
    """Found a society: its founder's LCT, its first witnesses, its pool and its ATP. Repeating it changes nothing."""
    wish = _Wish(genesis_binding_proof, genesis_witness, genesis_funds, genesis_pool_funds, genesis_witness_funds)
    _found(settings_or_exit(), genesis_society, genesis_public_key, wish)


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


def _found(settings: Settings, name: str, public_key: str, wish: _Wish) -> None:
    async def work(database: Database) -> Genesis:
        return await found_society(
            database,
            name=name,
            founder_public_key=public_key,
            grant=settings.initial_grant,
            founder_funds=wish.funds,
            pool_funds=wish.pool_funds,
            binding_proof=wish.binding_proof,
            witnesses=_first_witnesses(settings, wish),
        )

    try:
        done = run_database(with_database(settings, work))
    except GenesisRefused as error:
        fail(f"genesis refused: {error}")
    outcome = "founded" if done.created else "already there, unchanged"
    if done.proof_added:
        outcome = "already there, the founder's binding proof added"
    typer.echo(f"society {name}: {outcome}, founder {done.founder}")


def _first_witnesses(settings: Settings, wish: _Wish) -> FirstWitnesses | None:
    if not wish.witnesses:
        return None
    return FirstWitnesses(tuple(wish.witnesses), first_standing(settings), wish.witness_funds)


def first_standing(settings: Settings) -> Standing:
    """The standing that passes these settings' MIN_WITNESS_* from now on."""
    # Equal roots: whatever the weights, which sum to 1, the composite is the same.
    root = max(ROOT_START, settings.min_witness_reputation)
    since = datetime.now(UTC) - timedelta(days=settings.min_witness_age_days)
    return Standing(root, root, root, settings.min_witness_actions, since)
