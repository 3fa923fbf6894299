"""The Go team's answer: which vulnerable functions are in the images' programs? (govulncheck)

Its database is a Go module, so it comes from the module proxy: the newest that the proxy knows.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.console import capture
from local.errors import UserError
from local.paths import BIN, BUILD, CACHE
from local.supply.findings import Answer, Finding
from local.tools.build import GO_ENV
from local.tools.licences import read_stream

SOURCE = "Go's vulnerability database"
DATABASE = "golang.org/x/vulndb"
FOLDER = CACHE / "advisories"
_SCRATCH = BUILD / "go-mod-advisories"


def look(roots: Mapping[str, Path]) -> Answer:
    """Ask about each Go program in each image.

    Args:
        roots: the images' files by name.
    """
    try:
        database, day = _database()
        checked = [(name, program) for name, root in roots.items() for program in programs(root)]
        findings = {
            finding
            for name, program in checked
            for finding in read(
                name,
                capture([BIN / "govulncheck", "-mode=binary", "-format=json", f"-db=file://{database}", program]),
            )
        }
    except UserError as error:
        return Answer(SOURCE, problem=str(error))
    return Answer(f"{SOURCE} of {day}", f"{len(checked)} programs", tuple(sorted(findings)))


def programs(root: Path) -> list[Path]:
    """Return the Go programs below a folder."""
    return sorted({Path(found) for found in re.findall(r"^(/.+): go1\.\S+$", capture(["go", "version", root]), re.M)})


def read(image: str, said: str) -> Iterator[Finding]:
    """Read govulncheck's findings of one program.

    It says of each first that the module is in it, then the package, then the function. A function that is not in the
    program cannot be called, so that only the last counts.
    """
    for message in read_stream(said):
        if (finding := message.get("finding")) and finding["trace"][0].get("function"):
            place = finding["trace"][0]
            fixed = finding.get("fixed_version", "")
            yield Finding(image, place["module"], place["version"], finding["osv"], fixed)


def _database() -> tuple[Path, str]:
    """Fetch the newest database unless it is here, and return its folder and its day."""
    _SCRATCH.mkdir(parents=True, exist_ok=True)
    env = {**GO_ENV, "GOMODCACHE": str(_SCRATCH), "GOFLAGS": "-modcacherw"}
    try:
        newest = json.loads(capture(["go", "list", "-C", _SCRATCH, "-m", "-json", f"{DATABASE}@latest"], env=env))
        version, day = newest["Version"], newest["Time"][:10]
        folder = FOLDER / f"go-{version}"
        if not folder.exists():
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            module = json.loads(
                capture(["go", "mod", "-C", _SCRATCH, "download", "-json", f"{DATABASE}@{version}"], env=env)
            )
            unfinished = folder.with_name(folder.name + ".new")
            shutil.copytree(Path(module["Dir"]) / "data" / "osv", unfinished)
            unfinished.rename(folder)
    finally:
        shutil.rmtree(_SCRATCH)
    return folder, day
