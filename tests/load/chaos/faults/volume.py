"""The volume of the database's primary is full.

The embedded cluster's volumes are folders of the machine's own disk, without a size. So a replica's is put on a small
file system first, in a file, and the replica made the primary; afterwards the operator makes a new instance of it.
"""

import json
import subprocess
from pathlib import Path

from running import CLUSTER

from chaos.fault import Fault
from chaos.faults.database import instances, promote
from chaos.faults.pods import KILL
from chaos.scene import Scene
from local.cluster import node
from local.console import capture
from local.paths import CLUSTER as DATA

ROOM = 128 << 20
"""Bytes that are free on it before it is filled."""
INSIDE, FILLER = "/var/lib/postgresql/data", "filled"
MOVE_SECONDS = 240
IMAGE, FOLDER = DATA / "chaos-volume.ext4", DATA / "chaos-volume"


class FillVolume(Fault):
    """What cannot be written is not acknowledged."""

    name = "fill-volume"
    what = "the primary's volume, made small before, is filled to the last byte; afterwards its instance is made anew"
    alert = "ServiceDatabaseUnreachable"
    seconds = 60
    alert_seconds = 270

    def __init__(self) -> None:
        self._instance = ""

    def prepare(self, scene: Scene) -> None:
        """Put a replica on a file system of its own, and make it the primary."""
        self._instance = next(name for name in instances(scene) if name != scene.primary())
        volume = _volume(self._instance)
        _fence(scene, [self._instance])
        _make_small(volume)
        scene.kubectl("delete", "pod", self._instance, *KILL)
        _fence(scene, [])
        scene.wait_until_whole(MOVE_SECONDS)
        promote(scene, self._instance)
        scene.wait_until_whole(MOVE_SECONDS)

    def inject(self, scene: Scene) -> None:
        """Fill it, and have Postgres want its next segment of the log, which ends it."""
        fill = f"head -c {2 * ROOM} /dev/zero > {INSIDE}/{FILLER}"
        for command in (["sh", "-c", fill], ["psql", "--command=SELECT pg_switch_wal()"]):
            words = ["--namespace=web4", "exec", self._instance, "--container=postgres", "--", *command]
            subprocess.run([*scene.kubectl.words, *words], capture_output=True, check=False, timeout=60)

    def heal(self, scene: Scene) -> None:
        """Make room again, then have the operator replace the instance by one on a volume as the others have."""
        if not self._instance:
            return
        _fence(scene, [])
        if not IMAGE.exists():
            return
        volume = _volume(self._instance)
        _in_node("rm", "-f", str(volume / FILLER))
        try:
            scene.wait_until_whole(MOVE_SECONDS)
        finally:
            scene.kubectl("delete", "persistentvolumeclaim", self._instance, "--wait=false")
            scene.kubectl("delete", "pod", self._instance, "--timeout=60s")
            _in_node("umount", "--lazy", str(volume))
            IMAGE.unlink()


def _fence(scene: Scene, instances: list[str]) -> None:
    """Have the operator stop Postgres in these instances and in no other; waits until it has."""
    value = f"cnpg.io/fencedInstances={json.dumps(instances)}" if instances else "cnpg.io/fencedInstances-"
    scene.kubectl("annotate", "cluster", CLUSTER, value, "--overwrite")
    for instance in instances:
        scene.kubectl("wait", f"pod/{instance}", "--for=condition=Ready=false", "--timeout=120s")


def _volume(instance: str) -> Path:
    (volume,) = (DATA / "volumes").glob(f"pvc-*_web4_{instance}")
    return volume


def _make_small(volume: Path) -> None:
    """Put what is in a volume on a file system in a file, mounted over it where the node's pods see it."""
    used = int(capture(["du", "--summarize", "--bytes", str(volume)]).split()[0])
    capture(["truncate", f"--size={used + used // 10 + ROOM}", str(IMAGE)])
    capture(["mkfs.ext4", "-q", "-F", "-m", "0", str(IMAGE)])
    FOLDER.mkdir(exist_ok=True)
    _in_node("mount", "-o", "loop", str(IMAGE), str(FOLDER))
    try:
        _in_node("cp", "--archive", f"{volume}/.", str(FOLDER))
    finally:
        _in_node("umount", str(FOLDER))
        FOLDER.rmdir()
    _in_node("mount", "-o", "loop", str(IMAGE), str(volume))


def _in_node(*command: str) -> None:
    capture([*node.enter(), *command])
