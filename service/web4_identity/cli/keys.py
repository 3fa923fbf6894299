"""`keygen`: make an Ed25519 key file, or show what it stands for."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from web4_identity.cli.common import EXIT_USAGE, fail
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import lct_id, raw_public_key, to_multikey


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(keygen)


def keygen(
    out: Annotated[Path | None, typer.Option(help="Write a new private key (PEM, PKCS#8, mode 0600) here.")] = None,
    show: Annotated[Path | None, typer.Option(help="Show the LCT id and public key of this key file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    binding: Annotated[
        EntityType | None, typer.Option(help="Also print the key's binding proof, made now, for an LCT of this type.")
    ] = None,
) -> None:
    """Make an Ed25519 key (--out), or read one (--show), and print its LCT id and public key."""
    if out is not None and show is None:
        key = Ed25519PrivateKey.generate()
        write_key(out, key, force=force)
    elif show is not None and out is None:
        key = load_key(show)
    else:
        fail("give either --out FILE or --show FILE", EXIT_USAGE)
    raw = raw_public_key(key)
    typer.echo(f"lct_id: {lct_id(raw)}")
    typer.echo(f"public_key: {to_multikey(raw)}")
    if binding is not None:
        typer.echo(f"binding_proof: {prove_binding(key, binding)}")


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read a PEM private key file, or exit 1 with one line that quotes nothing of it."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except (ValueError, TypeError):
        fail(f"{path}: not an unencrypted PEM private key")
    if not isinstance(key, Ed25519PrivateKey):
        fail(f"{path}: not an Ed25519 key")
    return key


def write_key(path: Path, key: Ed25519PrivateKey, *, force: bool) -> None:
    """Write a private key (PEM, PKCS#8, mode 0600), or exit 1 with one line; `force` replaces a file."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # Made beside the target with mode 0600, so that the key is never readable by others nor half written.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".keygen-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            if force:
                os.replace(temporary, path)
            else:
                os.link(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except FileExistsError:
        fail(f"{path} exists; --force replaces it")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
