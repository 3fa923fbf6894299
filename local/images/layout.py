"""An image as an OCI layout on disk: how much a registry would hold of it, and in what it differs from another."""

import hashlib
import json
import tarfile
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Layout:
    """A folder that `buildah push … oci:` wrote, of one image."""

    folder: Path

    @property
    def digest(self) -> str:
        """The manifest's digest, `sha256:…`."""
        digest: str = json.loads((self.folder / "index.json").read_text())["manifests"][0]["digest"]
        return digest

    @property
    def compressed_bytes(self) -> int:
        """The size of all layers as they are stored and transferred."""
        return sum(layer["size"] for layer in self._manifest()["layers"])

    def layers(self) -> list[str]:
        """Return the layers' digests, the lowest first."""
        return [layer["digest"] for layer in self._manifest()["layers"]]

    def configuration(self) -> dict[str, Any]:
        """Return what the image says of itself: user, entry point, history."""
        return self._json(self._manifest()["config"]["digest"])

    def files(self, layer: str) -> dict[str, dict[str, Any]]:
        """Return what a layer says of each of its files, by path in the layer's order."""
        found = {}
        with tarfile.open(self.blob(layer)) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                found[member.name] = {
                    **{key: value for key, value in member.get_info().items() if key not in {"name", "chksum"}},
                    "extended": member.pax_headers,
                    "content": hashlib.sha256(content.read()).hexdigest() if content else None,
                }
        return found

    def blob(self, digest: str) -> Path:
        """Return the file of a digest."""
        return self.folder / "blobs" / digest.replace(":", "/")

    def _manifest(self) -> dict[str, Any]:
        return self._json(self.digest)

    def _json(self, digest: str) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.blob(digest).read_text())
        return value


def differences(first: Layout, second: Layout) -> list[str]:
    """Return a line for each thing that differs between two builds of an image; none where the digest is the same."""
    if first.digest == second.digest:
        return []
    lines: list[str] = []
    for number, (one, other) in enumerate(zip_longest(first.layers(), second.layers()), 1):
        if one is None or other is None:
            lines.append(f"layer {number} is only in one of them")
        elif one != other:
            lines += [f"layer {number}: {line}" for line in _of_layers(first.files(one), second.files(other))]
    ours, theirs = first.configuration(), second.configuration()
    keys = sorted(ours.keys() | theirs.keys())
    lines += [f"configuration: {key}" for key in keys if key != "rootfs" and ours.get(key) != theirs.get(key)]
    return lines or ["the manifest alone"]


def _of_layers(first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]]) -> list[str]:
    lines = []
    for path in sorted(first.keys() | second.keys()):
        ours, theirs = first.get(path), second.get(path)
        if ours is None or theirs is None:
            lines.append(f"{path} is only in the {'second' if ours is None else 'first'}")
        elif ours != theirs:
            what = ", ".join(key for key in ours if ours[key] != theirs.get(key))
            lines.append(f"{path} ({what})")
    return lines or ["the order of its files, or how it is compressed"]
