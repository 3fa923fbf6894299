"""`mint`: ask a running service for an LCT."""

import json
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4_identity.cli.attest import read_testimony, testimony
from web4_identity.cli.client import new_or_given, post
from web4_identity.cli.keys import load_key
from web4_identity.domain.attestation import Birth
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import raw_public_key, to_multikey
from web4_identity.signature import PayerAuth


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(mint)


def mint(
    url: Annotated[str, typer.Option(help="The service, such as https://identity.example.com")],
    caller_key: Annotated[Path, typer.Option(help="Private key (keygen --out) of the LCT that pays; signs the mint.")],
    society: Annotated[str, typer.Option(help="Registered society the entity is born into.")],
    entity_type: Annotated[EntityType, typer.Option(help="What the LCT stands for.")],
    entity_identifier: Annotated[str, typer.Option(help="The entity's name, unique in the society.")],
    witness_key: Annotated[
        list[Path] | None, typer.Option(help="Private key of a witness, which attests the mint; repeat for more.")
    ] = None,
    attestation: Annotated[
        list[Path] | None, typer.Option(help="What a witness made with `attest`; repeat for more. Needs --key-file.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="The entity's private key (keygen --out).")] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="1 to 128 visible ASCII characters; the same again, with all else the same, charges once."),
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Trust this CA (PEM) instead of the system's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Mint an LCT.

    Of the entity's key the public half is sent, with a proof made with the private one that the entity agrees; of the
    caller's key only a signature over the request (RFC 9421).
    """
    payer = PayerAuth(load_key(caller_key))
    idempotency_key = new_or_given(idempotency_key)
    if key_file is not None:
        key = load_key(key_file)
    else:
        key = Ed25519PrivateKey.generate()
        typer.echo("no --key-file: minting for a fresh key that is kept in memory only and lost at exit", err=True)
    public_key = to_multikey(raw_public_key(key))
    birth = Birth(payer.lct_id, society, entity_type, entity_identifier, public_key)
    witnesses = [testimony(load_key(path), birth) for path in witness_key or []]
    witnesses += [read_testimony(path) for path in attestation or []]
    answer = post(
        url.rstrip("/") + "/v1/lct/mint",
        ca_file,
        payer,
        idempotency_key,
        {
            "caller_lct_id": payer.lct_id,
            "entity_type": entity_type.value,
            "entity_identifier": entity_identifier,
            "society": society,
            "public_key": public_key,
            "binding_proof": prove_binding(key, entity_type),
            "witnesses": witnesses,
        },
        expected=201,
    )
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
        return
    typer.echo(
        f"minted {answer['data']['lct_id']} for {answer['atp_cost']} ATP; "
        f"the caller has {answer['caller_atp_remaining']} ATP left, the entity was granted "
        f"{answer['new_entity_atp_granted']}"
    )
