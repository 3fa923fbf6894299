"""What moves the stack from one release to another."""

from pathlib import Path

from chaos.fault import Fault
from chaos.scene import Scene

from local.paths import REPO
from upgrade.releases import make_up


class Upgrade(Fault):
    """docs/operations.md, Upgrade: the new tree, and `make up`."""

    name = "upgrade"
    what = "`make up` of this tree: images, security gate, migrations, new pods before old ones"
    silent = "planned, and shorter than any `for`"

    def inject(self, scene: Scene) -> None:
        """Bring this release."""
        make_up(REPO)


class RollBack(Fault):
    """docs/operations.md, Roll back: the old tree, and `make up`; the schema stays the new one's."""

    name = "roll-back"
    what = "`make up` of the release before, on the new one's schema; afterwards this one's again"
    silent = Upgrade.silent

    def __init__(self, tree: Path) -> None:
        self._tree = tree

    def inject(self, scene: Scene) -> None:
        """Bring the earlier release back."""
        make_up(self._tree)

    def heal(self, scene: Scene) -> None:
        """Bring this one again."""
        make_up(REPO)
