"""Build what is missing, reuse what is there: each build has a stamp of everything it was made from."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.console import capture, run_logged
from local.errors import UserError
from local.paths import BIN, BUILD, CACHE
from local.progress import clock, say
from local.pulumi_home import keep_no_log
from local.tools import licences
from local.tools.catalogue import BUILDS, PULUMI_KUBERNETES, Binary, Build

MODULES = Path(__file__).parent / "modules"
GO_ENV = {
    "GOMODCACHE": str(BUILD / "go-mod"),
    "GOCACHE": str(BUILD / "go-cache"),
    "GOFLAGS": "-mod=readonly",
    "GOWORK": "off",
    "GOTOOLCHAIN": "local",
    "CGO_ENABLED": "0",  # static programs run in images made FROM scratch
}


def stamp_of(build: Build) -> str:
    """Return the hash of all that decides what `build` makes: its modules, flags and Go's version."""
    digest = hashlib.sha256(repr(replace(build, seconds=0)).encode())
    digest.update(capture(["go", "version"]).encode())
    for file in sorted(path for path in (MODULES / build.folder).rglob("*") if path.is_file()):
        digest.update(file.relative_to(MODULES).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def pending(builds: Sequence[Build] = BUILDS) -> list[Build]:
    """Return the builds whose programs are missing or were made from something else than the checkout's pins."""
    return [build for build in builds if not _is_built(build)]


def build_all(builds: Sequence[Build] = BUILDS) -> None:
    """Put every tool into the cache folder: link it from PATH where PATH has the pinned version, else build it.

    Raises:
        UserError: a build failed; the message has its last lines and the log's name.
    """
    BIN.mkdir(parents=True, exist_ok=True)
    keep_no_log()
    todo = pending(builds)
    if not todo:
        say(f"tools: all {len(builds)} builds are in {BIN}")
        return
    say(
        f"tools: {len(todo)} of {len(builds)} builds to make, about {clock(sum(build.seconds for build in todo))} on 2 "
        "cores with an empty cache; interrupt and run again at any time"
    )
    for number, build in enumerate(todo, 1):
        _make(build, f"tools {number}/{len(todo)}: {build.name}")
        if not any(later.folder == build.folder for later in todo[number:]):
            _drop_build_caches()


def _is_built(build: Build) -> bool:
    outputs = [CACHE / binary.target for binary in build.binaries] + [CACHE / place for _, _, place in build.copies]
    stamp = _stamp_file(build)
    return all(path.exists() for path in outputs) and stamp.exists() and stamp.read_text() == stamp_of(build)


def _stamp_file(build: Build) -> Path:
    return BIN / f".{build.name.replace(' ', '-').replace(',', '')}.stamp"


def _make(build: Build, label: str) -> None:
    wanted = [binary for binary in build.binaries if not _link_from_path(binary)]
    folder = BUILD / "modules" / build.folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(MODULES / build.folder, folder)
    for module, file, place in build.embeds:
        _embed(_module_dir(module, folder) / file, folder / place)
    if wanted:
        _download(build, folder, label)
        output = BUILD / "out"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        run_logged(
            # No debugging data, but the symbol table: govulncheck reads there which functions are in a program.
            ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", f"-w {build.ldflags}", "-o", f"{output}/"]
            + [binary.package for binary in wanted],
            label,
            log=f"build-{build.folder}.log",
            estimate=build.seconds,
            cwd=folder,
            env=GO_ENV,
            hint="Run the same command again: it goes on where it stopped.",
        )
        for binary in wanted:
            target = CACHE / binary.target
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(output / _go_name(binary.package), target)
        licences.keep(licences.missing(CACHE / binary.target for binary in wanted), Path(GO_ENV["GOMODCACHE"]))
    for module, source, place in build.copies:
        _copy(_module_dir(module, folder) / source, CACHE / place)
    _stamp_file(build).write_text(stamp_of(build))


def _download(build: Build, folder: Path, label: str) -> None:
    """Fetch the modules first, so that a network problem is not mistaken for a compile error."""
    run_logged(
        ["go", "list", "-deps", *(binary.package for binary in build.binaries)],
        f"{label}: modules",
        log=f"modules-{build.folder}.log",
        cwd=folder,
        env=GO_ENV,
        hint="The Go module proxy of `go env GOPROXY` must be reachable.",
    )


def _link_from_path(binary: Binary) -> bool:
    found = shutil.which(binary.name) if binary.probe else None
    if not found or Path(found).resolve().is_relative_to(CACHE):
        return False
    result = subprocess.run([found, *binary.probe], capture_output=True, text=True, check=False)
    if binary.version not in (result.stdout + result.stderr):
        return False
    target = CACHE / binary.target
    target.unlink(missing_ok=True)
    target.symlink_to(found)
    say(f"tools: {binary.name} {binary.version} taken from {found}")
    return True


def _go_name(package: str) -> str:
    """Return the file name `go build` gives a package: its last path element that is not a major version."""
    parts = package.split("/")
    return parts[-2] if parts[-1].startswith("v") and parts[-1][1:].isdigit() else parts[-1]


def _module_dir(module: str, folder: Path) -> Path:
    """Return the folder with the module's files, downloaded if it is not there."""
    found = subprocess.run(
        ["go", "mod", "download", "-json", module],
        cwd=folder,
        env={**os.environ, **GO_ENV},
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(found.stdout or "{}")
    if found.returncode != 0 or answer.get("Error"):
        raise UserError(f"the Go module {module} could not be had: {answer.get('Error') or found.stderr.strip()}")
    return Path(answer["Dir"])


def _embed(source: Path, target: Path) -> None:
    """Copy a file that a package embeds; the provider's schema gets the version that its release has."""
    if source.name == "schema.json":
        schema = json.loads(source.read_text())
        target.write_text(json.dumps(schema | {"version": PULUMI_KUBERNETES}))
    else:
        target.write_bytes(source.read_bytes())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, copy_function=shutil.copyfile)
        target.chmod(0o755)
    else:
        shutil.copyfile(source, target)
        target.chmod(0o755)


def _drop_build_caches() -> None:
    """Free Go's caches, several GB for each folder of modules: folders share little, and disks are small."""
    for path in (BUILD / "out", BUILD / "modules", BUILD / "go-cache", BUILD / "go-mod"):
        subprocess.run(
            ["chmod", "-R", "u+w", str(path)], check=False, stderr=subprocess.DEVNULL
        )  # modules are read-only
        shutil.rmtree(path, ignore_errors=True)
