"""Writes OCI layouts as buildah does, of files that a test says."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from local.images.layout import Layout


def layer(files: dict[str, str], modified: int = 0) -> bytes:
    """Return a compressed layer of these files, in this order."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(text), modified
            archive.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(written.getvalue(), mtime=0)


def layout(folder: Path, *layers: bytes, user: str = "65534") -> Layout:
    """Write an image of these layers."""
    config = _blob(folder, json.dumps({"config": {"User": user}, "rootfs": len(layers)}).encode())
    manifest = {"config": config, "layers": [_blob(folder, each) for each in layers]}
    (folder / "index.json").write_text(json.dumps({"manifests": [_blob(folder, json.dumps(manifest).encode())]}))
    return Layout(folder)


def _blob(folder: Path, data: bytes) -> dict[str, object]:
    digest = hashlib.sha256(data).hexdigest()
    place = folder / "blobs" / "sha256" / digest
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}
