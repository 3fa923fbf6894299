"""The rows as a table, for a terminal and for docs/reliability.md."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import page

from chaos.row import Alert, Row

KEPT = 2
"""So many runs are shown, the newest first."""

_COLUMNS = (
    "fault",
    "requests",
    "failed",
    "retried",
    "last failure after s",
    "whole after s",
    "lost",
    "charged twice",
    "alerts (after s)",
)


def table(rows: Sequence[Row]) -> str:
    """Return them as a table in Markdown."""
    lines = [_COLUMNS, ("---", *["--:"] * 7, "---"), *(_cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def failures(row: Row) -> str:
    """Return what the failed requests were answered, most frequent first: `12 x mint 503 W4_ERR_UNAVAILABLE`."""
    counts = Counter(f"{each.kind} {each.status or ''} {each.error}".replace("  ", " ") for each in row.failed)
    return "; ".join(f"{count} x {what}" for what, count in counts.most_common(5))


def run_section(rows: Sequence[Row], command: str, seconds: float) -> str:
    """Return the section of one run: when, of what, with which command, and its table."""
    sent = [each for row in rows for each in row.sent]
    problems = [f"- **{row.fault}**: {line}" for row in rows for line in row.problems]
    return "\n".join(
        [
            f"### {page.moment()}",
            "",
            f"`{command}`, {seconds / 60:.0f} minutes, {len(sent)} requests while something was broken, "
            f"{len(problems)} problems.",
            *(["", *problems] if problems else []),
            "",
            table(rows),
            "",
        ]
    )


def write(section: str, command: str, document: Path = page.RELIABILITY) -> None:
    """Put the section of a command's run before the one of the run before it, and drop the older ones.

    Raises UserError unless the document has the command's two lines.
    """
    runs = re.split(r"^### ", page.written(document, command), flags=re.MULTILINE)[1:]
    shown = [section, *(f"### {each}" for each in runs)][:KEPT]
    page.put(document, command, "\n\n".join(each.strip() for each in shown))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"**{row.fault}**: {row.what}",
        str(len(row.sent)),
        str(len(row.failed)),
        str(row.retried),
        f"{row.recovered_after:.0f}" if row.failed else "none",
        "never" if row.whole_after is None else f"{row.whole_after:.0f}",
        str(row.lost),
        str(row.charged_twice),
        _alerts(row),
    )


def _alerts(row: Row) -> str:
    """Which fired, and the reason where none had to."""
    fired = ", ".join(f"{each.name} ({_when(each, row.began)})" for each in row.alerts)
    return "; ".join(part for part in (fired or "none", row.silent) if part)


def _when(alert: Alert, began: float) -> str:
    after = "since before" if alert.since < began else f"{alert.since - began:.0f}"
    return after if alert.sent else f"{after}, kept back"
