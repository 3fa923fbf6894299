"""A table is dropped, and comes back from the backups with every row."""

import contextlib
import json
from datetime import datetime

from running import CLUSTER, DATABASE
from web4_identity.restore.cluster import second_cluster

from chaos.fault import Fault
from chaos.scene import Scene, wait_until

TABLE = "ledger_entries"
RESTORED = f"{CLUSTER}-drill"  # the name whose arrows the network lets through
# Whoever writes to it has committed before, or does not commit at all: the moment loses nothing.
DROP = f"BEGIN; LOCK TABLE {TABLE}; SELECT to_json(clock_timestamp())#>>'{{}}'; DROP TABLE {TABLE}; COMMIT"
ARCHIVE_SECONDS = 120
RESTORE_SECONDS = 420


class DropTable(Fault):
    """Without its ledger the service mints nothing; a second cluster has it as it was a moment before."""

    name = "drop-table"
    what = (
        "the ledger's table is dropped; a second cluster is restored from the backups to the moment before, and the "
        "table copied back"
    )
    alert = "MintAvailabilityBurn"
    seconds = 90  # until somebody has understood what is missing
    late_seconds = 300

    def __init__(self) -> None:
        self._moment: datetime | None = None

    def inject(self, scene: Scene) -> None:
        """Drop it."""
        self._moment = datetime.fromisoformat(scene.sql(DROP))

    def heal(self, scene: Scene) -> None:
        """Restore it, whatever happened: nothing else brings it back."""
        if self._moment is None:
            return
        segment = scene.sql("SELECT pg_walfile_name(pg_switch_wal())")
        archived = "SELECT last_archived_wal FROM pg_stat_archiver"
        wait_until(lambda: scene.sql(archived) >= segment, f"{segment} is in the archive", ARCHIVE_SECONDS)
        first = scene.kubectl.json("get", "cluster", CLUSTER)
        manifest = json.dumps(second_cluster(first, RESTORED, self._moment))
        try:
            scene.kubectl("create", "--filename=-", stdin=manifest)
            wait_until(lambda: _restored(scene), f"{RESTORED} is restored", RESTORE_SECONDS)
            _copy(scene)
        finally:
            scene.kubectl("delete", "cluster", RESTORED, "--ignore-not-found", "--wait=false")


def _restored(scene: Scene) -> bool:
    """Whether it is; until then keep what each attempt says: the operator tries again, and its pods do not stay."""
    pods = scene.kubectl.json("get", "pods", f"--selector=job-name={RESTORED}-1-full-recovery")["items"]
    for name in (pod["metadata"]["name"] for pod in pods):
        with contextlib.suppress(AssertionError):  # its container has not started, or it is gone
            (scene.folder / f"{name}.log").write_text(scene.kubectl("logs", name), encoding="utf-8")
    try:
        scene.kubectl("wait", f"cluster/{RESTORED}", "--for=condition=Ready", "--timeout=1s")
    except AssertionError:  # not yet
        return False
    return True


def _copy(scene: Scene) -> None:
    """Take the table with its rows, rights and triggers from the restored cluster, in one transaction."""
    inside = ("--container=postgres", "--")
    dump = scene.kubectl("exec", f"{RESTORED}-1", *inside, "pg_dump", f"--table=public.{TABLE}", DATABASE)
    psql = ("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--dbname={DATABASE}")
    scene.kubectl("exec", "--stdin", scene.primary(), *inside, *psql, stdin=dump)
