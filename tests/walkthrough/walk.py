"""A clean clone, a shell in it, and the log of what was typed there and what came of it."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docs_pages import ROOT, Block, blocks, tokens

from local.errors import UserError
from local.progress import say

GUIDE = ROOT / "docs" / "getting-started.md"
KEPT_LINES = 14
KEPT_WIDTH = 150
ENVIRONMENT = 'eval "$(make --silent env)"\n'
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def section(number: int) -> tuple[str, list[Block]]:
    """Return the heading of a section of the guide, and its blocks of code in their order."""
    found = tokens(GUIDE)
    starts = [
        (each.map[0], found[place + 1].content)
        for place, each in enumerate(found)
        if each.type == "heading_open" and each.tag == "h2" and each.map
    ]
    (place,) = [place for place, (_, heading) in enumerate(starts) if heading.startswith(f"{number}. ")]
    line, heading = starts[place]
    end = starts[place + 1][0] if place + 1 < len(starts) else float("inf")
    return heading, [block for block in blocks(GUIDE) if line < block.line <= end]


class Walk:
    """Types commands in `clone` and keeps the log, in Markdown.

    A command has the environment of this process without what belongs to a checkout, and `environment` before it once
    there is one to have.
    """

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        self.environment = ""
        self.log: list[str] = []
        of_this_checkout = {"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "FROM"}
        self._variables = {name: value for name, value in os.environ.items() if name not in of_this_checkout}

    def heading(self, text: str) -> None:
        """Begin a section of the log."""
        say(f"walkthrough: {text}")
        self.log.append(f"## {text}\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the clone, as with an editor."""
        (self.clone / name).write_text(f"{text}\n", encoding="utf-8")
        self.log.append(f"`{name}` is now:\n\n```text\n{text}\n```\n")

    def run(self, text: str, *, refused: bool = False) -> str:
        """Run a block, and return all that it printed; with `refused` it has to fail.

        Raises UserError when it fails, or does not where it should; the message has its last lines.
        """
        began = time.monotonic()
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.environment + text],
            cwd=self.clone,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        printed = _COLOURS.sub("", done.stdout)
        self._write(text, printed, time.monotonic() - began, done.returncode)
        if (done.returncode != 0) != refused:
            raise UserError(f"exit code {done.returncode} of:\n{text}\n{_last(printed)}")
        return printed

    @contextmanager
    def beside(self, text: str) -> Iterator[None]:
        """Leave a command running, as in another terminal, while the block lasts."""
        self.log.append(f"In another terminal: `{text}`\n")
        process = subprocess.Popen(
            ["bash", "-c", self.environment + text],
            cwd=self.clone,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()

    def _write(self, text: str, printed: str, seconds: float, code: int) -> None:
        said = f"# {seconds:.0f} s" + (f", exit code {code}" if code else "")
        self.log.append(f"```text\n{_typed(text)}\n{_last(printed)}\n{said}\n```\n")
        say(f"walkthrough: {said[2:]}: {text.splitlines()[-1]}")


def _typed(text: str) -> str:
    """As a terminal shows it: a line that goes on has another prompt."""
    lines = text.strip().splitlines()
    prompts = ["$", *(">" if before.endswith("\\") else "$" for before in lines)]
    return "\n".join(f"{prompt} {line}" for prompt, line in zip(prompts, lines, strict=False))


def _last(printed: str) -> str:
    lines = [line[:KEPT_WIDTH].rstrip() for line in printed.strip().splitlines()]
    return "\n".join((["…"] if len(lines) > KEPT_LINES else []) + lines[-KEPT_LINES:])
