"""Mint an LCT by the service's own command, which makes and signs the request."""

import json
from pathlib import Path
from typing import Any

from local import credentials
from local.console import capture
from local.deployment import WayIn


def mint(way: WayIn, society: str, kind: str, name: str) -> dict[str, Any]:
    """Return the service's answer to a mint for a key that is made for it and kept nowhere.

    Args:
        way: the edge, and the key of who pays.
        society: the society it is born into; empty is that of stack local.
        kind: the entity's type.
        name: the entity's name.

    Raises:
        UserError: it was refused, or the edge cannot be reached; the message has what the command said.
    """
    words: list[str | Path] = [
        credentials.service_cli(),
        "mint",
        "--json",
        f"--url={way.url}",
        f"--caller-key={way.key}",
        f"--society={society or credentials.SOCIETY}",
        f"--entity-type={kind}",
        f"--entity-identifier={name}",
        *([f"--ca-file={way.ca}"] if way.ca else []),
    ]
    return dict(json.loads(capture(words)))
