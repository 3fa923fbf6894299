"""Grafana dashboards, described with its foundation SDK. Plain text, which infra/ puts into ConfigMaps."""

import json
from functools import cache
from pathlib import Path
from types import ModuleType

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import alerting, economy, edge, overview, postgres, redis, slo
from dashboards.panels import RUNBOOKS

FOLDER = Path(__file__).parent
GOLDEN = FOLDER / "golden"
"""The built JSON as it is committed, so that a change of a builder or of the SDK shows in review."""

RUNBOOK_URL = "https://github.com/dp-web4/web4/blob/main/monitoring/runbooks"
"""Where the runbooks are read unless a stack says otherwise."""

_DASHBOARDS = (overview, slo, economy, postgres, redis, edge, alerting)


def build_all(runbook_url: str = RUNBOOK_URL) -> dict[str, str]:
    """Every dashboard: its file name, and its JSON text (Grafana's classic model, which every version provisions).

    In: the address of the folder with the runbooks, which panels link to.
    """
    return {f"{module.UID}.json": _build(module).replace(RUNBOOKS, runbook_url.rstrip("/")) for module in _DASHBOARDS}


@cache  # two components ask for them
def _build(module: ModuleType) -> str:
    board = module.build().build()
    for number, panel in enumerate(board.panels, start=1):
        panel.id_val = number
    return json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
