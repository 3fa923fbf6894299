"""The licence texts of the Go modules that programs were built from, kept when Go's caches are dropped.

They lie as Go's own cache does, `<module>@<version>/LICENSE`: there syft looks for them (local/supply/sbom.py).
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local.console import capture
from local.paths import CACHE

FOLDER = CACHE / "licences"
_TEXT = re.compile(r"licen[sc]e|copying", re.IGNORECASE)  # what else stands beside them syft would take for a licence
_NO_TEXT = {".csv", ".go", ".sh", ".yml"}


def modules(programs: Iterable[Path]) -> set[tuple[str, str]]:
    """Return path and version of each module that Go programs were built from, replacements in the replaced's place."""
    found = set()
    for program in read_stream(capture(["go", "version", "-m", "-json", *sorted(programs)])):
        for module in (program["Main"], *program.get("Deps", [])):
            used = module.get("Replace") or module
            if used.get("Sum"):  # the folder that a program is built in is a module too, of no version
                found.add((used["Path"], used["Version"]))
    return found


def missing(programs: Iterable[Path]) -> list[tuple[str, str]]:
    """Return the modules of programs whose texts are not kept."""
    return sorted(module for module in modules(programs) if not (FOLDER / _folder(*module)).exists())


def keep(wanted: Iterable[tuple[str, str]], cache: Path) -> None:
    """Copy the texts of modules out of one of Go's module caches; those that it does not have are left out."""
    for module in wanted:
        source, target = cache / _folder(*module), FOLDER / _folder(*module)
        if source.is_dir():
            unfinished = target.with_name(target.name + ".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            for file in source.iterdir():
                if file.is_file() and _TEXT.search(file.name) and file.suffix not in _NO_TEXT:
                    shutil.copyfile(file, unfinished / file.name)
            unfinished.rename(target)


def read_stream(text: str) -> Iterator[dict[str, Any]]:
    """Yield JSON values that stand one after the other, as Go's commands print them."""
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()


def _folder(path: str, version: str) -> str:
    """Return a module's folder as Go names it, for disks that know no capitals."""
    return re.sub("[A-Z]", lambda letter: "!" + letter[0].lower(), f"{path}@{version}")
