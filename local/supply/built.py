"""The images and what reads them: there, or made."""

from local import apt, up
from local.images import build as images
from local.images.store import HERE
from local.tools import build as tools
from local.tools.catalogue import BUILDS, SUPPLY_CHAIN


def missing() -> bool:
    """Return whether anything of it has to be built."""
    absent = set(images.references().values()) - HERE.names()
    return bool(apt.missing() or tools.pending((*BUILDS, *SUPPLY_CHAIN)) or absent)


def build() -> dict[str, str]:
    """Build what is missing of the tools, the images, and what reads them, and return the images' full names by key.

    Raises:
        UserError: a build failed.
    """
    apt.install()
    up.build()
    tools.build_all(SUPPLY_CHAIN)
    return images.references()
