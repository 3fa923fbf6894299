"""The licence texts of the Go modules in the images, fetched where the build of the tools did not keep them."""

import os
import shutil
import subprocess
from pathlib import Path

from local.errors import UserError
from local.images.build import catalogue
from local.paths import BIN, BUILD
from local.progress import say
from local.tools import licences
from local.tools.build import GO_ENV

_SCRATCH = BUILD / "go-mod-licences"


def texts() -> Path:
    """Return the folder with the licence texts of all Go modules in our images; what is missing is fetched first.

    Raises:
        UserError: a module could not be had.
    """
    programs = [source for image in catalogue() for _, source in image.files if source.is_relative_to(BIN)]
    if missing := licences.missing(programs):
        say(f"licences: fetching {len(missing)} Go modules for their texts, some minutes, once")
        _fetch(missing)
    return licences.FOLDER


def _fetch(wanted: list[tuple[str, str]]) -> None:
    _SCRATCH.mkdir(parents=True, exist_ok=True)
    env = {**GO_ENV, "GOMODCACHE": str(_SCRATCH), "GOFLAGS": "-modcacherw"}
    answer = subprocess.run(
        ["go", "mod", "download", "-json", *(f"{path}@{version}" for path, version in wanted)],
        cwd=_SCRATCH,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    licences.keep(wanted, _SCRATCH)
    shutil.rmtree(_SCRATCH)
    for module in licences.read_stream(answer.stdout):
        if error := module.get("Error"):
            raise UserError(f"the Go module {module['Path']} could not be had: {error}")
    if answer.returncode != 0:
        raise UserError(f"Go's modules could not be had: {answer.stderr.strip()}")
