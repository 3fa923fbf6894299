"""Build the images that are missing (mmdebstrap, buildah), and load those that the cluster's containerd lacks."""

import json
import platform
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from local.cluster import node
from local.console import capture, run_logged
from local.images.catalogue import (
    BASE_OPTIONS,
    CONTAINERFILES,
    DAY,
    REPOSITORY,
    SUITE,
    Image,
    base_reference,
    epoch,
    images,
    needs_tools,
    reference,
)
from local.images.store import HERE, Store
from local.paths import IMAGES
from local.progress import say

DEPLOYED = IMAGES / "deployed.json"
KEPT = 2
"""So many deployed versions of each image stay: the one that runs, and the one that `kubectl rollout undo` starts."""
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def catalogue() -> tuple[Image, ...]:
    """Return every image but the base, for this machine."""
    return images(ARCHITECTURE)


@cache
def references() -> dict[str, str]:
    """Return every image's full name by its key, the base's among them.

    The same in the whole run: who edits the service meanwhile must not have the deployed image dropped as an old one.
    """
    return {"base": base_reference(), **{image.name: reference(image) for image in catalogue()}}


def build_base(store: Store = HERE) -> None:
    """Make the Debian base unless it is there: mmdebstrap into a tar, then an image of one layer."""
    if base_reference() in store.names():
        return
    context = store.empty_context("base")
    run_logged(
        ["mmdebstrap", *BASE_OPTIONS, SUITE, str(context / "base.tar")],
        f"{store.label}: Debian base",
        log="image-base-mmdebstrap.log",
        estimate=45,
        env={"SOURCE_DATE_EPOCH": str(epoch(DAY))},
        hint="Debian's package mirror must be reachable.",
    )
    store.build(base_reference(), CONTAINERFILES / "base.Containerfile", context, "base")
    shutil.rmtree(context)


def build(wanted: tuple[Image, ...], store: Store = HERE) -> None:
    """Build those of `wanted` that are missing."""
    there = store.names()
    for image in wanted:
        if reference(image) not in there:
            context = store.context(image)
            store.build(reference(image), image.containerfile, context, image.name)
            shutil.rmtree(context)


def debian_images() -> tuple[Image, ...]:
    """Return the images that can be built before the tools are."""
    return tuple(image for image in catalogue() if not needs_tools(image))


def tool_images() -> tuple[Image, ...]:
    """Return the images that hold a built tool."""
    return tuple(image for image in catalogue() if needs_tools(image))


def load() -> None:
    """Load into the cluster's containerd what it lacks."""
    wanted = set(references().values())
    for number, name in enumerate(todo := sorted(wanted - _loaded()), 1):
        say(f"images: loading {number}/{len(todo)} {name}")
        _load(name)


def add(name: str, containerfile: Path) -> None:
    """Build and load an image that is none of ours, such as a test's; the next `prune` drops it.

    Args:
        name: its name, under the repository of ours.
        containerfile: its recipe, in the folder that is its context.
    """
    HERE.build(f"{REPOSITORY}/{name}", containerfile, containerfile.parent, name.partition(":")[0])
    _load(f"{REPOSITORY}/{name}")


def push(registry: str) -> dict[str, str]:
    """Push every image to `registry` (host/path), for a cluster of the user's, and return the names there by key."""
    names = {}
    for key, name in references().items():
        names[key] = f"{registry}/{name.removeprefix('localhost/')}"
        say(f"images: pushing {names[key]}")
        HERE.buildah("push", name, f"docker://{names[key]}")
    return names


def prune() -> None:
    """Drop builds of our images from both stores, but for what is deployed now and what was before it."""
    loaded = _loaded()
    kept = _remember(loaded)
    for name in _ours(HERE.names()) - kept:
        HERE.buildah("rmi", "--force", name)
    if old := loaded - kept:
        _ctr("images", "remove", *old)


def _remember(loaded: set[str]) -> set[str]:
    """Write down which images are deployed, and return their names and those of the versions before them.

    What was deployed before this was written down is taken from `loaded`, the names in the cluster's containerd.
    """
    before = json.loads(DEPLOYED.read_text()) if DEPLOYED.exists() else {}
    now = {}
    for name in references().values():
        repository = name.partition(":")[0]
        older = before.get(repository) or [each for each in loaded if each.startswith(f"{repository}:")]
        now[repository] = [name, *(each for each in older if each != name)][:KEPT]
    DEPLOYED.write_text(json.dumps(now, indent=2))
    return {name for names in now.values() for name in names}


def _loaded() -> set[str]:
    return _ours(_ctr("images", "list", "--quiet").split())


def _ours(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith(f"{REPOSITORY}/")}


def _load(name: str) -> None:
    archive = IMAGES / "loading.tar"
    archive.unlink(missing_ok=True)
    HERE.buildah("push", "--quiet", name, f"docker-archive:{archive}:{name}")
    _ctr("images", "import", str(archive))
    archive.unlink()


def _ctr(*words: str) -> str:
    return capture([*node.enter(), "ctr", "--namespace=k8s.io", *words])
