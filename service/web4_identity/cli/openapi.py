"""`openapi`: print the API's description."""

import json

import typer

from web4_identity.app import create_app
from web4_identity.cli.common import loaded_or_exit
from web4_identity.settings.given import from_arguments

# The description does not depend on the database, so nobody need have one.
_NO_DATABASE = from_arguments({"DATABASE_URL": "postgresql://nobody@localhost/none"})


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(openapi)


def openapi() -> None:
    """Print the API's description (OpenAPI 3.1, JSON), with the bounds of these settings."""
    described = create_app(loaded_or_exit(_NO_DATABASE).settings).openapi()
    typer.echo(json.dumps(described, indent=2, ensure_ascii=False))
