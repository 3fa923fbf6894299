"""The licences of the Go modules in the images: a built program names its modules, and the proxy has their texts.

syft looks for a module's licence where Go keeps modules. Those are dropped after each build (local/tools/build.py), so
the texts alone are kept, in a folder that looks the same.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local.console import capture
from local.errors import UserError
from local.images.build import catalogue
from local.paths import BIN, BUILD, CACHE
from local.progress import say
from local.tools.build import GO_ENV

FOLDER = CACHE / "licences"
_SCRATCH = BUILD / "go-mod-licences"
_TEXT = re.compile(r"(licen[sc]e|copying|unlicense|copyright|notice|patents)", re.IGNORECASE)


def licences() -> Path:
    """Fetch what is missing of the licence texts of all Go modules in our images, and return their folder.

    Raises:
        UserError: a module could not be had.
    """
    wanted = modules(source for image in catalogue() for _, source in image.files if source.is_relative_to(BIN))
    missing = sorted(module for module in wanted if not _place(*module).exists())
    if missing:
        say(f"licences: fetching {len(missing)} Go modules for their texts")
        _fetch(missing)
    return FOLDER


def modules(programs: Iterable[Path]) -> set[tuple[str, str]]:
    """Return path and version of each module that Go programs were built from, replacements in the replaced's place."""
    found = set()
    for program in read_stream(capture(["go", "version", "-m", "-json", *sorted(programs)])):
        for module in program.get("Deps", []):
            used = module.get("Replace") or module
            found.add((used["Path"], used["Version"]))
    return found


def read_stream(text: str) -> Iterator[dict[str, Any]]:
    """Yield JSON values that stand one after the other, as Go's commands print them."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        yield value
        at = end + len(text[end:]) - len(text[end:].lstrip())


def escaped(path: str) -> str:
    """Return a module's path as Go writes it on disks that know no capitals."""
    return re.sub("[A-Z]", lambda letter: "!" + letter[0].lower(), path)


def _place(path: str, version: str) -> Path:
    return FOLDER / f"{escaped(path)}@{version}"


def _fetch(wanted: list[tuple[str, str]]) -> None:
    _SCRATCH.mkdir(parents=True, exist_ok=True)
    env = {**GO_ENV, "GOMODCACHE": str(_SCRATCH), "GOFLAGS": "-modcacherw"}
    try:
        answer = subprocess.run(
            ["go", "mod", "download", "-json", *(f"{path}@{version}" for path, version in wanted)],
            cwd=_SCRATCH,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        for module in read_stream(answer.stdout):
            if error := module.get("Error"):
                raise UserError(f"the Go module {module['Path']} could not be had: {error}")
            _keep(Path(module["Dir"]), _place(module["Path"], module["Version"]))
        if answer.returncode != 0:
            raise UserError(f"Go's modules could not be had: {answer.stderr.strip()}")
    finally:
        shutil.rmtree(_SCRATCH)


def _keep(source: Path, target: Path) -> None:
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for file in source.iterdir():
        if file.is_file() and _TEXT.search(file.name) and file.suffix != ".go":
            shutil.copyfile(file, unfinished / file.name)
    unfinished.rename(target)
