"""Whether an image is decided by what it is made from: each is built twice, from nothing, and both are compared."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.console import capture
from local.images import build
from local.images.catalogue import Image, base_reference, reference
from local.images.layout import Layout, differences
from local.images.store import Store
from local.paths import IMAGES
from local.progress import say

SCRATCH = IMAGES / "reproduce"
SHOWN = 10


@dataclass(frozen=True)
class Row:
    """One image, built twice.

    Attributes:
        name: its name in the catalogue.
        digest: the first build's, of its manifest in OCI's format.
        compressed_bytes: the size of its layers, compressed.
        differences: in what the second build differs; empty as it should be.
    """

    name: str
    digest: str
    compressed_bytes: int
    differences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**asdict(self), "same": not self.differences}

    def text(self) -> str:
        """Return it for a reader, with the first files that differ."""
        head = f"{self.name:24} {self.digest} {self.compressed_bytes / 1e6:6.1f} MB  "
        if not self.differences:
            return head + "the same twice"
        shown = [f"    {line}" for line in self.differences[:SHOWN]]
        left = len(self.differences) - SHOWN
        return "\n".join([head + "DIFFERS", *shown, *([f"    and {left} more"] if left > 0 else [])])


def reproduce(wanted: Iterable[Image]) -> list[Row]:
    """Build the base and `wanted` twice, in stores that are empty and removed at the end, and compare.

    Raises:
        UserError: a build failed.
    """
    images = tuple(wanted)
    _remove(SCRATCH)
    try:
        stores = [Store(SCRATCH / number, f"build {number}") for number in ("1", "2")]
        for store in stores:
            build.build_base(store)
            build.build(images, store)
        names = {"base": base_reference(), **{image.name: reference(image) for image in images}}
        return [_compared(name, list(_layouts(full, stores))) for name, full in names.items()]
    finally:
        _remove(SCRATCH)


def _layouts(name: str, stores: Iterable[Store]) -> Iterator[Layout]:
    for store in stores:
        yield store.layout(name, store.folder / "layout")


def _compared(name: str, layouts: list[Layout]) -> Row:
    say(f"comparing {name}")
    first, second = layouts
    return Row(name, first.digest, first.compressed_bytes, tuple(differences(first, second)))


def _remove(folder: Path) -> None:
    """Remove a store with what an interrupted build left mounted in it."""
    mounted = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in reversed(mounted):
        if place.is_relative_to(folder):
            capture(["umount", place])
    if folder.exists():
        shutil.rmtree(folder)
