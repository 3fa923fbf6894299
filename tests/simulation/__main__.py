"""`make simulate`: run the scenario, print its table and write it into docs/scale.md."""

import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import page

from local import render
from local.errors import UserError
from local.paths import CACHE, REPO
from local.progress import say
from local.tools import build as tools
from local.tools.catalogue import BUILDS, SIMULATION
from tests.simulation.control_plane import control_plane
from tests.simulation.nodes import COUNT, ZONES, nodes
from tests.simulation.objects import applied, rendered, stand_ins
from tests.simulation.scenario import Row, scenario
from tests.simulation.view import View

NEEDED = tuple(build for build in BUILDS if build.name in {"Kubernetes", "Prometheus, CoreDNS, metrics-server"})


def main() -> int:
    """Print a line for each thing looked at; 0 when all are as they should be."""
    CACHE.mkdir(parents=True, exist_ok=True)
    tools.build_all((*NEEDED, *render.tools("prod"), *SIMULATION))
    rows: list[Row] = []
    with TemporaryDirectory() as folder:
        objects = rendered(Path(folder) / "prod")
    with control_plane() as client:
        say(f"simulation: {COUNT} nodes in {len(ZONES)} zones, and prod's objects")
        client.apply(nodes())
        client.apply(applied(objects))
        client.apply(stand_ins(objects))
        for row in scenario(View(client)):
            say(f"{'ok   ' if row.ok else 'WRONG'} {row.what}: {row.seen} (should be: {row.should})")
            rows.append(row)
    page.put(page.SCALE, "make simulate", _table(rows))
    wrong = [row for row in rows if not row.ok]
    say(f"simulation: {len(rows)} looked at, {len(wrong)} wrong; {page.SCALE.relative_to(REPO)} has the table")
    return 1 if wrong else 0


def _table(rows: Iterable[Row]) -> str:
    outcomes = ((row.what, row.should, row.seen, "ok" if row.ok else "**wrong**") for row in rows)
    return f"{page.when('make simulate')}:\n\n{page.table(('what', 'should be', 'was', ''), [*outcomes])}"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its processes end with it
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"error: {error}")
