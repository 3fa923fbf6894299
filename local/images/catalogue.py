"""Every image: its Containerfile, what goes into its build context, and so its tag."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

from local.paths import BIN, REPO

CONTAINERFILES = Path(__file__).parent / "containerfiles"
REPOSITORY = "localhost/web4"
SUITE = "bookworm"
DAY = date(2026, 11, 27)
"""The images' day: their files' times and part of their tags. A later one builds all of them again, with the packages
that Debian has then; `web4ctl scan` says when that is needed."""
BASE_OPTIONS = (
    "--variant=minbase",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",  # licences ask for it, and the list of licences is made of it
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)
"""mmdebstrap's; the exclusions stay in the base and hold for what is installed on it."""
NOT_SOURCE = {"__pycache__", "build", ".pytest_cache", ".ruff_cache"}


@dataclass(frozen=True)
class Image:
    """One image.

    Attributes:
        name: its name, and its key in Pulumi's `images` with dashes as underscores.
        on_base: whether it is built on the Debian base.
        files: what is put into the context: (path in it, source on this machine).
        links: symbolic links in the context: (path in it, what it points to).
        source: a folder that is the context as it stands, in place of `files`.
        version: what its tag begins with, for an operator that reads the version there.
    """

    name: str
    on_base: bool = False
    files: tuple[tuple[str, Path], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    source: Path | None = None
    version: str = ""

    @property
    def containerfile(self) -> Path:
        """The recipe."""
        return (self.source / "Containerfile") if self.source else CONTAINERFILES / f"{self.name}.Containerfile"


def _program(name: str, program: str = "") -> Image:
    """Return an image of one static program and nothing else."""
    program = program or name
    return Image(name, files=((f"rootfs/bin/{program}", BIN / program),))


def images(architecture: str) -> tuple[Image, ...]:
    """Return every image but the base, for Go's name of this machine's architecture (`amd64`)."""
    manager = f"operator/manager_{architecture}"
    return (
        Image("identity", on_base=True, source=REPO / "service"),
        Image("postgres", on_base=True, version="15-"),
        Image("redis", on_base=True),
        Image("nginx", on_base=True),
        Image("pushgateway", on_base=True),
        Image("redis-exporter", on_base=True),
        Image("nginx-exporter", on_base=True),
        Image("blackbox-exporter", on_base=True),
        Image("pause", files=(("rootfs/pause", Path("/usr/bin/catatonit")),)),
        _program("prometheus"),
        _program("alertmanager"),
        _program("coredns"),
        _program("metrics-server"),
        _program("local-path-provisioner"),
        _program("prometheus-operator"),
        _program("config-reloader", "prometheus-config-reloader"),
        _program("object-store", "versitygw"),
        Image(
            "cloudnative-pg",
            files=((f"rootfs/{manager}", BIN / "cloudnative-pg"),),
            links=(("rootfs/manager", manager),),
        ),
    )


def needs_tools(image: Image) -> bool:
    """Return whether the image holds a built tool, so that it has to wait for the tools."""
    return any(source.is_relative_to(BIN) for _, source in image.files)


def context_files(image: Image) -> Iterator[tuple[str, Path]]:
    """Yield the files of the image's context in a fixed order."""
    if image.source:
        for path in sorted(image.source.rglob("*")):
            parts = path.relative_to(image.source).parts
            if path.is_file() and not NOT_SOURCE & set(parts) and not any(p.endswith(".egg-info") for p in parts):
                yield "/".join(parts), path
    else:
        yield from image.files


def epoch(day: date) -> int:
    """Return a day's beginning in UTC, in seconds since 1970: what builders take from SOURCE_DATE_EPOCH."""
    return int(datetime.combine(day, time(), UTC).timestamp())


def base_reference() -> str:
    """Return the Debian base's full name; its tag is the hash of its recipe."""
    recipe = repr((SUITE, BASE_OPTIONS, DAY)).encode() + (CONTAINERFILES / "base.Containerfile").read_bytes()
    digest = hashlib.sha256(recipe)
    return f"{REPOSITORY}/base:{digest.hexdigest()[:12]}"


def reference(image: Image) -> str:
    """Return the image's full name; its tag is the hash of everything it is made from."""
    digest = hashlib.sha256(repr(DAY).encode() + image.containerfile.read_bytes())
    if image.on_base:
        digest.update(base_reference().encode())
    for place, source in context_files(image):
        digest.update(place.encode() + b"\0" + _content_hash(source, source.stat().st_mtime_ns))
    return f"{REPOSITORY}/{image.name}:{image.version}{digest.hexdigest()[:12]}"


@cache
def _content_hash(path: Path, _modified_ns: int) -> bytes:
    """Return the SHA-256 of a file, read once while it stays as it is: the tools are a gigabyte, asked for often."""
    return hashlib.sha256(path.read_bytes()).digest()
