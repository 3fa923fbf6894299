"""Commands that let somebody look for themselves: the parts' logs, and the pages of what watches them."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from local.ctl.base import AsJson, Stack, print_json
from local.errors import UserError

commands = typer.Typer()


class Part(StrEnum):
    """What has a log of its own."""

    SERVICE = "service"
    EDGE = "edge"
    DATABASE = "database"
    REDIS = "redis"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    GATE = "gate"


class Page(StrEnum):
    """What has pages for a browser."""

    GRAFANA = "grafana"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"


def _duration(value: str) -> str:
    if value and not re.fullmatch(r"([0-9]+(h|m|s))+", value):
        raise typer.BadParameter(f"{value!r} is no duration: say one such as 90s, 10m or 1h30m.")
    return value


@commands.command()
def logs(
    part: Annotated[Part, typer.Argument(help="Whose.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is said from now on.")] = False,
    since: Annotated[
        str, typer.Option(help="From so long ago on, such as 10m; default the last 100 lines.", callback=_duration)
    ] = "",
    stack: Stack = "local",
    as_json: AsJson = False,
) -> None:
    """Show what a part of the stack says, each line with its pod and container; --follow ends on Ctrl-C.

    The service and the edge write JSON lines. The gate's are those of its last run against a new version. With --json
    each line is an object on a line of its own: pod, container, time, line.
    """
    from local import logs
    from local.place import place

    logs.show(place(stack), part, follow=follow, since=since, as_json=as_json)


@commands.command("open")
def open_(
    page: Annotated[Page, typer.Argument(help="Which.")],
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The port on 127.0.0.1; default the page's own.")
    ] = None,
    stack: Stack = "local",
    as_json: AsJson = False,
) -> None:
    """Give a page's port on 127.0.0.1 until Ctrl-C, and print its URL.

    Prometheus 9090, Alertmanager 9093, Grafana 3000. Nobody else on the network can reach it, and no network policy has
    to let it through.
    """
    from local import pages
    from local.place import place

    with pages.opened(place(stack), page, port) as (url, forward):
        if as_json:
            print_json({"page": page, "url": url})
        else:
            typer.echo(f"{page}: {url} until Ctrl-C")
        try:
            said = forward.wait()
        except KeyboardInterrupt:
            return  # as it is meant to end
    raise UserError(f"the way to {page} ended: {said}. Is its pod being replaced? `web4ctl status`")
