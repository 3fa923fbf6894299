"""Build the images that are missing (mmdebstrap, buildah), and load those that the cluster's containerd lacks."""

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

from local.cluster import node
from local.console import capture, run_logged
from local.images.catalogue import (
    CONTAINERFILES,
    REPOSITORY,
    SUITE,
    Image,
    base_reference,
    context_files,
    images,
    needs_tools,
    reference,
)
from local.paths import IMAGES
from local.progress import say

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
CA_BUNDLE = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"
SECONDS = {"identity": 60, "postgres": 60, "nginx": 20, "redis": 15, "pushgateway": 15}


def catalogue() -> tuple[Image, ...]:
    """Return every image but the base, for this machine."""
    return images(ARCHITECTURE)


@cache
def references() -> dict[str, str]:
    """Return every image's full name by its key, the base's among them.

    The same in the whole run: who edits the service meanwhile must not have the deployed image dropped as an old one.
    """
    return {"base": base_reference(), **{image.name: reference(image) for image in catalogue()}}


def build_base() -> None:
    """Make the Debian base unless it is there: mmdebstrap into a tar, then an image of one layer."""
    if base_reference() in _built():
        return
    context = IMAGES / "context-base"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir(parents=True)
    run_logged(
        [
            "mmdebstrap",
            "--variant=minbase",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            SUITE,
            str(context / "base.tar"),
        ],
        "images: Debian base",
        log="image-base-mmdebstrap.log",
        estimate=45,
        hint="Debian's package mirror must be reachable.",
    )
    _bud(base_reference(), CONTAINERFILES / "base.Containerfile", context, "base")
    shutil.rmtree(context)


def build(wanted: tuple[Image, ...]) -> None:
    """Build those of `wanted` that are missing."""
    there = _built()
    for image in wanted:
        if reference(image) not in there:
            context = _context(image)
            _bud(reference(image), image.containerfile, context, image.name)
            shutil.rmtree(context)


def debian_images() -> tuple[Image, ...]:
    """Return the images that can be built before the tools are."""
    return tuple(image for image in catalogue() if not needs_tools(image))


def tool_images() -> tuple[Image, ...]:
    """Return the images that hold a built tool."""
    return tuple(image for image in catalogue() if needs_tools(image))


def load() -> None:
    """Load into the cluster's containerd what it lacks, and drop older builds of the same images from both stores."""
    wanted = set(references().values())
    there = set(_ctr("images", "list", "--quiet").split())
    for number, name in enumerate(todo := sorted(wanted - there), 1):
        say(f"images: loading {number}/{len(todo)} {name}")
        _load(name)


def add(name: str, containerfile: Path) -> None:
    """Build and load an image that is none of ours, such as a test's; the next `prune` drops it.

    Args:
        name: its name, under the repository of ours.
        containerfile: its recipe, in the folder that is its context.
    """
    _bud(f"{REPOSITORY}/{name}", containerfile, containerfile.parent, name.partition(":")[0])
    _load(f"{REPOSITORY}/{name}")


def push(registry: str) -> dict[str, str]:
    """Push every image to `registry` (host/path), for a cluster of the user's, and return the names there by key."""
    names = {}
    for key, name in references().items():
        names[key] = f"{registry}/{name.removeprefix('localhost/')}"
        say(f"images: pushing {names[key]}")
        _buildah("push", name, f"docker://{names[key]}")
    return names


def prune() -> None:
    """Drop builds of our images that the checkout no longer makes."""
    wanted = set(references().values())
    ours = [name for name in _built() if name.startswith("localhost/web4/")]
    for name in set(ours) - wanted:
        _buildah("rmi", "--force", name)
    old = [n for n in _ctr("images", "list", "--quiet").split() if n.startswith("localhost/web4/") and n not in wanted]
    if old:
        _ctr("images", "remove", *old)


def _load(name: str) -> None:
    archive = IMAGES / "loading.tar"
    archive.unlink(missing_ok=True)
    _buildah("push", "--quiet", name, f"docker-archive:{archive}:{name}")
    _ctr("images", "import", str(archive))
    archive.unlink()


def _bud(name: str, containerfile: Path, context: Path, key: str) -> None:
    run_logged(
        [
            *_STORE,
            "bud",
            "--isolation=chroot",
            "--layers",
            "--format=docker",
            f"--secret=id=ca-bundle,src={CA_BUNDLE}",
            f"--build-arg=BASE={base_reference()}",
            f"--file={containerfile}",
            f"--tag={name}",
            str(context),
        ],
        f"images: {key}",
        log=f"image-{key}.log",
        estimate=SECONDS.get(key),
        hint="Debian's and Python's package registries must be reachable.",
    )


def _context(image: Image) -> Path:
    """Make the build context: hard links, so that large programs are not copied."""
    folder = IMAGES / f"context-{image.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for place, source in context_files(image):
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source.resolve(), target)
        except OSError:  # another filesystem
            shutil.copyfile(source, target)
        if not image.source:
            target.chmod(0o755)
    for place, destination in image.links:
        (folder / place).symlink_to(destination)
    return folder


_STORE = (
    "buildah",
    f"--root={IMAGES / 'storage'}",
    f"--runroot={IMAGES / 'run'}",
    "--storage-driver=overlay",
)


def _buildah(*words: str) -> str:
    return capture([*_STORE, *words])


def _built() -> set[str]:
    result = subprocess.run(
        [*_STORE, "images", "--format", "{{.Name}}:{{.Tag}}"], capture_output=True, text=True, check=False
    )
    return set(result.stdout.split())


def _ctr(*words: str) -> str:
    return capture([*node.enter(), "ctr", "--namespace=k8s.io", *words])
