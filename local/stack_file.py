"""A stack's configuration file, as somebody edited it."""

from pathlib import Path
from typing import Any

import yaml

from infra.configuration import NAMESPACE
from local.errors import UserError


def read(file: Path) -> dict[str, Any]:
    """Return what `file` (Pulumi.<stack>.yaml) says: a plain value for each key, without the project's name.

    Raises:
        UserError: it cannot be read, or is no such file.
    """
    try:
        document = yaml.safe_load(file.read_text())
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UserError(f"{file} cannot be read as YAML: {' '.join(str(error).split())}") from None
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise UserError(f"{file} has no section `config:` with the stack's settings in it.")
    return {str(key).removeprefix(f"{NAMESPACE}:"): value for key, value in config.items()}
