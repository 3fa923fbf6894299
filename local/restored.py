"""What the database of this machine's stack was restored from, if it was: kept, as its Cluster goes on saying so."""

import json
from datetime import datetime
from typing import Any

from local.paths import STATE, write_private

FILE = STATE / "restored.json"


def settings() -> dict[str, Any]:
    """Return the setting `backup` as far as a restore decides it; nothing of a database that began empty."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def remember(server_name: str, source: str, until: datetime | None) -> None:
    """Let the next database begin with backups.

    Args:
        server_name: the folder that it archives to.
        source: the folder that it is restored from.
        until: the time to restore; None is the end of the archive.
    """
    recovery = {"server_name": source, **({"target_time": until.isoformat()} if until else {})}
    write_private(FILE, json.dumps({"server_name": server_name, "recovery": recovery}))
