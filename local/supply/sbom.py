"""An SBOM of each image: CycloneDX, made by syft from what is in the image."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.console import run_logged
from local.images.store import HERE
from local.paths import BIN, IMAGES, REPO
from local.supply import go_modules, licences
from local.supply.components import Component, components

FOLDER = REPO / "build" / "sbom"
FORMAT = "cyclonedx-json@1.6"


@dataclass(frozen=True)
class Described:
    """One image with its SBOM.

    Attributes:
        name: its key in Pulumi's `images`, with dashes.
        reference: its full name.
        digest: its manifest's, in OCI's format.
        compressed_bytes: the size of its layers, compressed.
        sbom: the file.
    """

    name: str
    reference: str
    digest: str
    compressed_bytes: int
    sbom: Path

    def components(self) -> list[Component]:
        """Return what is in it: Debian's packages, Python's and Go's modules."""
        return components(json.loads(self.sbom.read_text()))

    def refused(self) -> list[str]:
        """Return a line for each component whose licences nobody has agreed to."""
        return [f"{each}: {why}" for each in self.components() if (why := licences.refused(each))]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        parts = self.components()
        return {
            **asdict(self),
            "sbom": self.sbom.name,
            "components": len(parts),
            "without_licence": [str(each) for each in parts if not each.licences],
            "refused": self.refused(),
        }


def describe(references: Mapping[str, str], folder: Path = FOLDER) -> list[Described]:
    """Write `<image>.cdx.json` of each image into `folder`, and `images.json` that lists them.

    Args:
        references: the images' full names by key; they must be built.
        folder: where to; what it has of before is removed.

    Raises:
        UserError: syft failed, or the licences of a Go module could not be had.
    """
    texts = go_modules.texts()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = [_describe(name, reference, folder, texts) for name, reference in sorted(references.items())]
    listed = [each.as_json() for each in found]
    (folder / "images.json").write_text(json.dumps(listed, indent=2) + "\n")
    (folder / "licences.md").write_text(licences.page({each.name: each.components() for each in found}))
    return found


def table(images: Iterable[Described]) -> str:
    """Return a line for each image, and below it the components whose licences are not agreed to."""
    lines = []
    for each in images:
        said = each.as_json()
        counts = f"{said['components']:4} components, {len(said['without_licence']):3} without a licence"
        lines.append(f"{each.name:24} {each.digest} {each.compressed_bytes / 1e6:6.1f} MB  {counts}")
        lines += [f"    {line}" for line in said["refused"]]
    return "\n".join(lines)


def _describe(name: str, reference: str, folder: Path, texts: Path) -> Described:
    layout = HERE.layout(reference, IMAGES / "sbom-layout")
    sbom = folder / f"{name}.cdx.json"
    run_logged(
        [
            *(BIN / "syft", "scan", f"oci-dir:{layout.folder}", f"--output={FORMAT}={sbom}"),
            *(f"--source-name=web4/{name}", f"--source-version={layout.digest}"),
        ],
        f"sbom: {name}",
        log=f"sbom-{name}.log",
        env={
            "SYFT_CHECK_FOR_APP_UPDATE": "false",
            "SYFT_GOLANG_SEARCH_LOCAL_MOD_CACHE_LICENSES": "true",
            "SYFT_GOLANG_LOCAL_MOD_CACHE_DIR": str(texts),
            "SYFT_FILE_METADATA_SELECTION": "none",  # packages, not each of their files
        },
    )
    described = Described(name, reference, layout.digest, layout.compressed_bytes, sbom)
    shutil.rmtree(layout.folder)
    return described
