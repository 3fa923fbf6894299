"""The `web4-identity` command."""

import typer

from web4_identity.cli import attest, database, keys, mint, openapi, revoke, serve, standing, validate, validate_setup

app = typer.Typer(
    name="web4-identity",
    help="The Web4 Identity Service: run it, migrate its database, found a society, make keys, mint, revoke, validate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
serve.add_commands(app)
database.add_commands(app)
keys.add_commands(app)
mint.add_commands(app)
attest.add_commands(app)
revoke.add_commands(app)
standing.add_commands(app)
validate.add_commands(app)
validate_setup.add_commands(app)
openapi.add_commands(app)


def main() -> None:
    """Run the command line."""
    app()
