"""`make simulate`: run the scenario, print its table and write it into docs/scale.md."""

import re
import signal
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

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

PAGE = REPO / "docs" / "scale.md"
BEGIN, END = "<!-- make simulate: begin -->", "<!-- make simulate: end -->"
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
    PAGE.write_text(_written(PAGE.read_text(), rows))
    wrong = [row for row in rows if not row.ok]
    say(f"simulation: {len(rows)} looked at, {len(wrong)} wrong; {PAGE.relative_to(REPO)} has the table")
    return 1 if wrong else 0


def _written(page: str, rows: Iterable[Row]) -> str:
    lines = (
        BEGIN,
        f"`make simulate`, {datetime.now(UTC):%Y-%m-%d}:",
        "",
        "| what | should be | was | |",
        "| --- | --- | --- | --- |",
        *(f"| {row.what} | {row.should} | {row.seen} | {'ok' if row.ok else '**wrong**'} |" for row in rows),
        END,
    )
    table = "\n".join(lines)
    found, count = re.subn(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: table, page, flags=re.DOTALL)
    if count != 1:
        raise UserError(f"{PAGE} must have the lines {BEGIN} and {END} once, for the table")
    return found


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its processes end with it
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"error: {error}")
