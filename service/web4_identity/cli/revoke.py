"""`revoke`: end one's own LCT for good."""

from pathlib import Path
from typing import Annotated

import typer

from web4_identity.cli.client import new_or_given, post
from web4_identity.cli.keys import load_key
from web4_identity.signature import PayerAuth


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(revoke)


def revoke(
    key_file: Annotated[Path, typer.Option(help="The entity's private key (keygen --out); signs the request.")],
    url: Annotated[str, typer.Option(help="The service, such as https://identity.example.com")],
    reason: Annotated[str | None, typer.Option(help="Why, for everybody to read; at most 256 characters.")] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="1 to 128 visible ASCII characters; the same again gives the first answer again."),
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Trust this CA (PEM) instead of the system's.")] = None,
) -> None:
    """Revoke the LCT of a key, for good.

    It can no longer pay or witness, and what ATP it has stays where it is.
    """
    entity = PayerAuth(load_key(key_file))
    answer = post(
        f"{url.rstrip('/')}/v1/lct/{entity.lct_id}/revoke",
        ca_file,
        entity,
        new_or_given(idempotency_key),
        {} if reason is None else {"reason": reason},
        expected=200,
    )
    typer.echo(f"revoked {answer['lct_id']} at {answer['revocation']['ts']}")
