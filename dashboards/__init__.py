"""Grafana dashboards, described with its foundation SDK. Plain text, which infra/ puts into ConfigMaps."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import identity

GOLDEN = Path(__file__).parent / "golden"
"""The built JSON as it is committed, so that a change of a builder or of the SDK shows in review."""

_DASHBOARDS = (identity,)


def build_all() -> dict[str, str]:
    """Every dashboard: its file name, and its JSON text (Grafana's classic model, which every version provisions)."""
    return {
        f"{module.UID}.json": json.dumps(module.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        for module in _DASHBOARDS
    }
