"""Results in a page: what a run measured goes between two lines that name its command, and nothing else changes."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from local.errors import UserError
from local.paths import REPO

BENCHMARKS = REPO / "docs" / "benchmarks.md"
SCALE = REPO / "docs" / "scale.md"
RELIABILITY = REPO / "docs" / "reliability.md"


def put(page: Path, command: str, text: str) -> None:
    """Replace what the command wrote before, between `<!-- command: begin -->` and `<!-- command: end -->`.

    Raises UserError unless the page has both lines once.
    """
    before, _, after = _parts(page, command)
    page.write_text(f"{before}\n{text.strip()}\n{after}", encoding="utf-8")


def written(page: Path, command: str) -> str:
    """Return what the command wrote before; raises as `put` does."""
    return _parts(page, command)[1].strip()


def _parts(page: Path, command: str) -> tuple[str, str, str]:
    """Return what stands before the command's text, its line included, the text, and what stands after it."""
    begin, end = (f"<!-- {command}: {which} -->" for which in ("begin", "end"))
    text = page.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise UserError(f"{page} must have the lines {begin} and {end} once")
    before, _, rest = text.partition(begin)
    between, _, after = rest.partition(end)
    return before + begin, between, end + after


def when(command: str) -> str:
    """Return what a section begins with: the command as it was typed, the day, and the commit it ran at."""
    return f"`{command}`, {moment()}"


def moment() -> str:
    """Return the day and hour, and the commit that runs."""
    words = ["git", "-C", str(REPO), "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, its first column to the left and the others to the right."""
    rules = ["---", *["--:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows))
