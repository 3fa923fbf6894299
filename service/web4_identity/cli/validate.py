"""`validate`: attack a running service and say whether it defends itself."""

import asyncio
import json
import ssl
import time
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import httpx
import typer

from web4_identity.cli.common import EXIT_USAGE, fail
from web4_identity.cli.keys import load_key
from web4_identity.validation.attack import Result
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party
from web4_identity.validation.report import as_json, as_lines, bypassed, push
from web4_identity.validation.run import CannotRun, all_attacks, estimated_seconds, prepare, run_attacks


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(validate)


def validate(
    url: Annotated[str, typer.Option(help="The service, such as https://identity.example.com")],
    caller_key: Annotated[Path, typer.Option(help="Private key of an LCT with ATP that nobody else mints with now.")],
    society: Annotated[str, typer.Option(help="Registered society; about eight devices are really minted into it.")],
    ca_file: Annotated[
        Path | None, typer.Option(help="Trust this CA, or very certificate (PEM), instead of the system's CAs.")
    ] = None,
    rate_limit: Annotated[int, typer.Option(min=1, help="The service's RATE_LIMIT_MAX_REQUESTS_PER_IP.")] = 20,
    rate_window: Annotated[int, typer.Option(min=1, help="The service's RATE_LIMIT_WINDOW_SECONDS.")] = 60,
    source_address: Annotated[
        list[str] | None,
        typer.Option(help="Local address, or network of them, to send from; repeat, and each has a limit of its own."),
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(help="The host, with its port unless 443, that requests are for where --url leads elsewhere."),
    ] = None,
    push_gateway: Annotated[
        str | None, typer.Option(help="Push the result to this Prometheus Pushgateway, such as http://push:9091.")
    ] = None,
    max_seconds: Annotated[int, typer.Option(min=1, help="Give up after so long.")] = 3600,
    as_json_text: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Attack a service before it is deployed: 0 when it defends itself, 1 on any bypass, 2 when that is not known.

    Refused attacks cost nothing; the good mints between them do, and show whether the caller's balance is right.
    """
    caller = Party.of(load_key(caller_key))
    try:
        addresses = [str(host) for each in source_address or [] for host in ip_network(each).hosts()]
    except ValueError as error:
        fail(f"--source-address: {error}", EXIT_USAGE)
    try:
        trust = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        # A file is trusted as it is, its certificates' own issuers unseen: the service's certificate alone will do.
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN if ca_file else ssl.VERIFY_DEFAULT
        bed = Bed(url.rstrip("/"), caller, society, trust, addresses, rate_limit, authority)
    except (OSError, ssl.SSLError) as error:
        fail(f"{ca_file}: not a readable CA file ({error.strerror or error})", EXIT_USAGE)
    except httpx.InvalidURL as error:
        fail(f"{url}: {error}", EXIT_USAGE)
    attacks = len(all_attacks())
    _say(f"{attacks} attacks, about {estimated_seconds(attacks, rate_limit, rate_window, max(1, len(addresses)))} s")
    started = time.monotonic()
    try:
        results = asyncio.run(_run(bed, max_seconds, rate_window))
    except (CannotRun, httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        fail(f"{url}: {error or type(error).__name__}", EXIT_USAGE)
    if as_json_text:
        typer.echo(json.dumps(as_json(results, time.monotonic() - started), indent=2))
    else:
        typer.echo("\n".join(as_lines(results)))
    if any(result.outcome is None for result in results) and not bypassed(results):
        fail("some attacks were not run in time, so nothing is known", EXIT_USAGE)
    if push_gateway:
        _push(push_gateway, results)
    if names := bypassed(results):
        fail(f"{len(names)} of {len(results)} attacks got through: {', '.join(names)}")


async def _run(bed: Bed, max_seconds: int, window: int) -> list[Result]:
    started = time.monotonic()
    try:
        async with asyncio.timeout(max_seconds):
            await prepare(bed)
        return await run_attacks(bed, max_seconds - int(time.monotonic() - started), window, _say)
    finally:
        await bed.close()


def _push(gateway: str, results: list[Result]) -> None:
    try:
        push(gateway, results)
    except OSError as error:
        fail(f"{gateway}: the result could not be pushed ({error})", EXIT_USAGE)


def _say(text: str) -> None:
    typer.echo(text, err=True)
