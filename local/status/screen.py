"""The status as one screen of text."""

import typer

from local.status.model import Status

_MARKS = {True: ("ok", None), False: ("NO", typer.colors.RED), None: ("?", typer.colors.YELLOW)}


def render(status: Status) -> str:
    """Return the lines, coloured; what is not a terminal gets them plain from `typer.echo`."""
    bad = [row for row in status.rows if not row.well]
    verdict = "all is well" if not bad else f"NOT WELL: {len(bad)} of {len(status.rows)}"
    lines = [
        f"stack {status.stack} in {status.cluster}, {status.at:%F %T} UTC: "
        + typer.style(verdict, fg=typer.colors.GREEN if not bad else typer.colors.RED)
    ]
    width = max(len(row.name) for row in status.rows)
    for section in status.sections:
        title = section.title
        for row in section.rows:
            mark, colour = _MARKS[row.well]
            lines.append(f"{title:12}  {typer.style(f'{mark:2}', fg=colour)}  {row.name:{width}}  {row.text}")
            title = ""
    return "\n".join(lines)
