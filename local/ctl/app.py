"""The application with all its commands, in the order in which `--help` shows them."""

from typing import Annotated

import typer

from local.ctl import checking, keeping, looking, running, supplying
from local.ctl.base import Group

app = typer.Typer(
    name="web4ctl",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: the same on a terminal, in a log and in docs/web4ctl.md
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Run a stack of the Web4 Identity Service: bring it up, look at it, back it up, prove it, take it down.

    The stack is `local` unless --stack says another: Pulumi.<stack>.yaml then says where it is. KUBE_CONTEXT (a context
    of the file in KUBECONFIG, or of ~/.kube/config) says another cluster for any of them.""",
)


def _version(asked: bool) -> None:
    if asked:
        from local.release import version

        typer.echo(f"web4ctl {version()}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options that are no command's."""


for room in (running, checking, keeping, looking, supplying):
    app.add_typer(room.commands)
