"""A running stack as `make verify` meets it: where its edge is, and what its settings promise."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from infra.settings import IdentitySettings, Settings
from local import credentials, stack
from local.errors import UserError
from local.place import stack_settings
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


@dataclass(frozen=True)
class WayIn:
    """How a stack's edge is reached.

    Attributes:
        url: its `https://host[:port]`.
        ca: the file with the CA of its certificate; None is the system's.
        key: the file with the private key that signs.
    """

    url: str
    ca: Path | None
    key: Path


def deployment(name: str, variables: Mapping[str, str] = os.environ) -> Deployment:
    """Return the deployment of the stack `name`.

    Of `local` everything is known once it was made. Of another stack the public name is its `edge.server_name`, and
    `variables` say the rest: VERIFY_KEY, the file with an operator's key; VERIFY_CA, a file with the CA of the edge's
    certificate, unless it is a public one; VERIFY_URL, where the edge is if not at its public name.

    Raises:
        UserError: no such stack, a file that cannot be used, or a setting that is wrong.
    """
    settings = stack_settings(name)
    way = _way_in(name, settings, variables)
    return Deployment(way.url, _trust(way.ca), _key(way.key), settings.identity)


def way_in(name: str, variables: Mapping[str, str] = os.environ) -> WayIn:
    """Return how the edge of the stack `name` is reached; of `variables` as for `deployment`.

    Raises:
        UserError: a setting is wrong, or VERIFY_KEY is not set.
    """
    return _way_in(name, stack_settings(name), variables)


def _way_in(name: str, settings: Settings, variables: Mapping[str, str]) -> WayIn:
    if name == stack.STACK:
        return WayIn(
            f"https://{target().address()}:{settings.edge.node_port}", credentials.EDGE_CA, credentials.FOUNDER_KEY
        )
    if not variables.get("VERIFY_KEY"):
        raise UserError("set VERIFY_KEY=FILE, the private key (PEM) of an LCT in the stack's operator_lct_ids.")
    url = variables.get("VERIFY_URL") or f"https://{settings.edge.server_name}"
    ca = Path(variables["VERIFY_CA"]) if variables.get("VERIFY_CA") else None
    return WayIn(_address(url), ca, Path(variables["VERIFY_KEY"]))


def _address(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UserError(f"{url!r} is no address ({error}): set VERIFY_URL=https://host.") from None
    if parsed.scheme != "https" or not parsed.host:
        raise UserError(f"{url!r} is not like https://host: set VERIFY_URL.")
    return url.rstrip("/")


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
