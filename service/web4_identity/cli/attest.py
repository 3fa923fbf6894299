"""`attest`: witness somebody else's mint with one's own key."""

import json
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4_identity.cli.common import EXIT_USAGE, fail
from web4_identity.cli.keys import load_key
from web4_identity.domain.attestation import FRESH, Birth
from web4_identity.domain.attestation import attest as sign
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import from_multikey, lct_id, raw_public_key


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(help=f"Attest a mint: print what `mint --attestation FILE` hands in, within {FRESH.seconds} s.")(attest)


def attest(
    key_file: Annotated[Path, typer.Option(help="The witness's private key.")],
    caller: Annotated[str, typer.Option(help="LCT id that pays.")],
    society: Annotated[str, typer.Option(help="Society the entity is born into; the witness is of it.")],
    entity_type: Annotated[EntityType, typer.Option(help="What the LCT stands for.")],
    entity_identifier: Annotated[str, typer.Option(help="The entity's name.")],
    public_key: Annotated[str, typer.Option(help="The entity's public key, z6Mk... (keygen --show).")],
) -> None:
    """Sign the attestation and print it as JSON."""
    try:
        from_multikey(public_key)
    except ValueError as error:
        fail(f"--public-key: {error}", EXIT_USAGE)
    key = load_key(key_file)
    birth = Birth(caller, society, entity_type, entity_identifier, public_key)
    typer.echo(json.dumps(testimony(key, birth)))


def testimony(key: Ed25519PrivateKey, birth: Birth) -> dict[str, str]:
    """What the witness of `key` hands in for `birth`, as the mint's body carries it."""
    return {"lct_id": lct_id(raw_public_key(key)), "attestation": sign(key, birth)}


def read_testimony(path: Path) -> dict[str, str]:
    """Read what `attest` printed, or exit with one line."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or set(found) != {"lct_id", "attestation"}:
        fail(f"{path}: not what `attest` prints")
    return found
