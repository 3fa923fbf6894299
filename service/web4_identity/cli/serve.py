"""`serve` and `check-config`."""

import json
import signal
from typing import Annotated

import typer

from web4_identity.app import create_app
from web4_identity.cli.common import fail
from web4_identity.cli.grouped_help import GroupedHelp
from web4_identity.cli.setting_flags import HELP, takes_settings
from web4_identity.logs import configure_logging
from web4_identity.server import IdentityServer
from web4_identity.settings.load import Loaded, Row, describe


def add_commands(app: typer.Typer) -> None:
    """Add both commands to `app`."""
    app.command(cls=GroupedHelp, epilog=HELP)(takes_settings(serve))
    app.command("check-config", cls=GroupedHelp, epilog=HELP)(takes_settings(check_config))


def serve(loaded: Loaded) -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    SIGTERM makes /readyz answer "draining" for SHUTDOWN_DRAIN_SECONDS before no more is accepted; a second signal ends
    that at once. Requests under way then get 20 s to finish.
    """
    settings = loaded.settings
    configure_logging()
    server = IdentityServer(create_app(settings), settings)
    # uvicorn takes signals only while it runs; one that comes before or after must not kill the process either.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    server.run()
    if not server.started:
        fail(f"could not start on {settings.host} port {settings.port}; the log says why")


def check_config(loaded: Loaded, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print the effective settings, secrets hidden, and where each comes from.

    Exit 2 with one line per problem, all of them at once.
    """
    rows = describe(loaded)
    if as_json:
        typer.echo(json.dumps({row.name: {"value": row.value, "source": row.source} for row in rows}, indent=2))
        return
    for line in _columns(rows):
        typer.echo(line)


def _columns(rows: list[Row]) -> list[str]:
    names = max(len(row.name) for row in rows)
    values = max(len(row.value) for row in rows)
    return [f"{row.name:{names}}  {row.value:{values}}  {row.source}" for row in rows]
