"""Writes docs/web4ctl.md from what the command says itself: `python -m local.ctl.reference`, or `make docs`."""

import typer.main
from typer.testing import CliRunner

from local.ctl.app import app
from local.ctl.base import EXIT_CODES
from local.paths import REPO

FILE = REPO / "docs" / "web4ctl.md"
COLUMNS = 110

_HEAD = """# web4ctl

Written by `make docs` from `local/ctl/`: change those, not this file.

`make up` installs it as `.venv/bin/web4ctl`; with `.venv/bin` on PATH it is `web4ctl`. The targets of the Makefile call
it, once the virtual environment is there ([why](decisions/0036-one-operator-command.md)).
"""

_JSON = """
## JSON

Every command takes `--json`: standard output is then the result and nothing else, one JSON document; `logs` prints one
for each line. Progress and errors are on standard error. Seconds, ATP and shares of 1 are numbers. A `well` that is
`null` could not be known.

## Completion

`web4ctl --install-completion` writes it for the shell that it is called from (bash, zsh, fish), and
`web4ctl --show-completion` prints it. Commands, options, stacks, parts and pages are completed.
"""


def render() -> str:
    """Return the whole page, Markdown."""
    group = typer.main.get_group(app)
    names = group.list_commands(typer.Context(group))
    lines = [_HEAD, *_help()]
    for name in names:
        lines += ["", f"## {name}", "", *_help(name)]
    lines += ["", "## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(lines) + "\n" + _JSON


def _help(*command: str) -> list[str]:
    said = CliRunner().invoke(
        app, [*command, "--help"], prog_name="web4ctl", terminal_width=COLUMNS, max_content_width=COLUMNS
    )
    lines = [line.rstrip() for line in said.stdout.strip().splitlines()]
    return ["```text", *lines, "```"]


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
