"""A running stack as `make verify` meets it: where its edge is, and what its settings promise."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from infra.configuration import NAMESPACE, build_settings
from infra.settings import IdentitySettings, Settings
from local import stack
from local.errors import UserError
from local.paths import REPO
from local.target import target


@dataclass(frozen=True)
class Deployment:
    """What is verified.

    Attributes:
        url: the edge's `https://host[:port]`.
        trust: whose certificates are believed.
        operator: the private key of one of the stack's operators, who founds the society that is minted into.
        promised: the service's settings, as the stack's file has them.
    """

    url: str
    trust: ssl.SSLContext
    operator: Ed25519PrivateKey
    promised: IdentitySettings


def deployment(name: str, variables: Mapping[str, str] = os.environ) -> Deployment:
    """Return the deployment of the stack `name`.

    Of `local` everything is known once it was made. Of another stack the public name is its `edge.server_name`, and
    `variables` say the rest: VERIFY_KEY, the file with an operator's key; VERIFY_CA, a file with the CA of the edge's
    certificate, unless it is a public one; VERIFY_URL, where the edge is if not at its public name.

    Raises:
        UserError: no such stack, a file that cannot be used, or a setting that is wrong.
    """
    settings = _settings(name)
    ca: Path | None
    if name == stack.STACK:
        url, ca, key = f"https://{target().address()}:{settings.edge.node_port}", stack.EDGE_CA, stack.FOUNDER_KEY
    else:
        url = variables.get("VERIFY_URL") or f"https://{settings.edge.server_name}"
        ca = Path(variables["VERIFY_CA"]) if variables.get("VERIFY_CA") else None
        if not variables.get("VERIFY_KEY"):
            raise UserError("set VERIFY_KEY=FILE, the private key (PEM) of an LCT in the stack's operator_lct_ids.")
        key = Path(variables["VERIFY_KEY"])
    return Deployment(url.rstrip("/"), _trust(ca), _key(key), settings.identity)


def _settings(name: str) -> Settings:
    if name == stack.STACK and not stack.exists():
        raise UserError("there is no stack on this machine: run `make up` first.")
    file = stack.CONFIG if name == stack.STACK else REPO / f"Pulumi.{name}.yaml"
    if not file.exists():
        stacks = ", ".join(sorted(each.name.split(".")[1] for each in REPO.glob("Pulumi.*.yaml")))
        raise UserError(f"there is no stack {name} ({file.name}): say STACK= one of {stacks}.")
    prefix = f"{NAMESPACE}:"
    config = yaml.safe_load(file.read_text())["config"]
    try:
        return build_settings({key.removeprefix(prefix): value for key, value in config.items()})
    except pulumi.RunError as error:
        raise UserError(f"{file.name} is not ready:\n{error}") from None


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:
        raise UserError(f"{ca} is not a readable CA file ({error.strerror or error}): set VERIFY_CA.") from None


def _key(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{file} is not a readable private key ({error}): set VERIFY_KEY.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{file} is not an Ed25519 key: set VERIFY_KEY to one of `web4-identity keygen`.")
    return key
