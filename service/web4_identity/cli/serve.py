"""`serve` and `check-config`."""

import json
import signal
from typing import Annotated

import typer
import uvicorn

from web4_identity.app import create_app
from web4_identity.cli.common import fail
from web4_identity.cli.grouped_help import GroupedHelp
from web4_identity.cli.setting_flags import HELP, takes_settings
from web4_identity.logs import configure_logging
from web4_identity.settings.load import Loaded, Row, describe

SHUTDOWN_SECONDS = 20


def add_commands(app: typer.Typer) -> None:
    """Add both commands to `app`."""
    app.command(cls=GroupedHelp, epilog=HELP)(takes_settings(serve))
    app.command("check-config", cls=GroupedHelp, epilog=HELP)(takes_settings(check_config))


def serve(loaded: Loaded) -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests under way get 20 s to finish."""
    settings = loaded.settings
    configure_logging()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            lifespan="on",
            log_config=None,
            # The app writes its own access log and decides itself which proxies to believe.
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    # After a graceful stop uvicorn raises the signal again, which would end the process as if it had been killed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
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
