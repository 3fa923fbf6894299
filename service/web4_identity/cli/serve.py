"""`serve` and `check-config`."""

import signal

import typer
import uvicorn

from web4_identity.app import create_app
from web4_identity.cli.common import fail, settings_or_exit
from web4_identity.logs import configure_logging
from web4_identity.settings.load import describe

SHUTDOWN_SECONDS = 20


def add_commands(app: typer.Typer) -> None:
    """Add both commands to `app`."""
    app.command()(serve)
    app.command("check-config")(check_config)


def serve() -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests under way get 20 s to finish."""
    settings = settings_or_exit()
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


def check_config() -> None:
    """Print the effective settings, secrets hidden; exit 2 with one line per problem."""
    for line in describe(settings_or_exit()):
        typer.echo(line)
