"""Another version comes: a good one, and one that does not start."""

import subprocess
import tempfile
from pathlib import Path

import yaml
from cluster_stack import pulumi_up

from chaos.fault import Fault
from chaos.scene import Scene
from local import stack
from local.errors import UserError
from local.images import build as images
from local.images.catalogue import REPOSITORY

PACKAGE = "/opt/web4/lib/python3.11/site-packages/web4_identity"


class RollingUpdate(Fault):
    """There and back, each by `pulumi up`: gate, migration, new pods before old ones."""

    name = "rolling-update"
    what = "`pulumi up` to another version of the service, and back"
    silent = "planned, and never fewer pods than there should be"
    no_failure = True

    def inject(self, scene: Scene) -> None:
        """Bring the other version."""
        other = _variant("identity-newer:chaos", "newer.py", "")
        _must(_pulumi_up(other))

    def heal(self, scene: Scene) -> None:
        """Bring the stack's own back."""
        _must(_pulumi_up(images.references()["identity"]))


class FailingUpdate(Fault):
    """The version before goes on serving."""

    name = "failing-update"
    what = "`pulumi up` to a version that does not start: it is refused, and the one before serves"
    silent = "whoever ran `pulumi up` is told by its failure; what serves is untouched"
    no_failure = True

    def inject(self, scene: Scene) -> None:
        """Try to bring it."""
        before = set(scene.pods("web4-identity"))
        refused = _pulumi_up(_variant("identity-broken:chaos", "app.py", "raise SystemExit(1)\n"))
        if refused.returncode == 0:
            raise UserError("a version that cannot start was taken")
        if not before <= set(scene.pods("web4-identity")):
            raise UserError("a serving pod was replaced by a version that cannot start")

    def heal(self, scene: Scene) -> None:
        """Bring the stack's own back."""
        _must(_pulumi_up(images.references()["identity"]))


def _variant(name: str, file: str, text: str) -> str:
    """Return the name of an image that is the stack's own with another file in the package."""
    with tempfile.TemporaryDirectory(prefix="web4-chaos-") as folder:
        Path(folder, file).write_text(text)
        recipe = Path(folder, "Containerfile")
        recipe.write_text(f"FROM {images.references()['identity']}\nCOPY {file} {PACKAGE}/{file}\n")
        images.add(name, recipe)
    return f"{REPOSITORY}/{name}"


def _pulumi_up(image: str) -> subprocess.CompletedProcess[str]:
    document = yaml.safe_load(stack.CONFIG.read_text())
    document["config"][f"{stack.PROJECT}:images"]["identity"] = image
    with tempfile.TemporaryDirectory(prefix="web4-chaos-") as folder:
        config = Path(folder) / stack.CONFIG.name
        config.write_text(yaml.safe_dump(document))
        return pulumi_up(config)


def _must(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        raise UserError(f"`pulumi up` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
