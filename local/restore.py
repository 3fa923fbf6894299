"""`web4ctl restore`: stack local's database replaced by its own backups, as of a time.

What docs/operations.md (Restore) has for every stack, in one go: stop the writers, archive the rest, remove the
Cluster, and let `pulumi up` make one that begins with the backups and archives into a folder of its own.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import tenacity

from infra.components.database import CLUSTER, DATABASE
from infra.components.identity import APP as SERVICE
from infra.components.migrations import APP as MIGRATIONS
from local import backup, restored, stack
from local.errors import UserError
from local.images import build as images
from local.place import Place, place
from local.progress import say

KIND = "clusters.postgresql.cnpg.io"
ARCHIVE_SECONDS = 120
GONE = "--timeout=5m"
BACKUP_SECONDS = 3600


@dataclass(frozen=True)
class Restored:
    """What the database is now.

    Attributes:
        source: the folder in the bucket that it was restored from.
        until: the time that it was restored to; None is the end of the archive.
        ledger: what the check of the restored ledger said.
        backup: the first base backup of the new database.
    """

    source: str
    until: datetime | None
    ledger: str
    backup: backup.Backup

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**asdict(self), "backup": self.backup.as_json()}


def restore(until: datetime | None) -> Restored:
    """Replace the database of stack local by its backups. Interrupted, `make up` goes on.

    Args:
        until: the time to restore; None is all that was archived.

    Raises:
        UserError: there are no backups of that time, or a step failed.
    """
    here = place(stack.STACK)
    database = _database(here)
    source = _source(here, database)
    _check(database, until)
    if database:
        _stop_writers(here)
        _archive_the_rest(here, database)
    restored.remember(f"{CLUSTER}-{datetime.now(UTC):%Y%m%d%H%M%S}", source, until)
    say(f"restore: removing the database; its backups stay in the folder {source}")
    here.kubectl("delete", KIND, CLUSTER, "--ignore-not-found", GONE)
    here.kubectl("wait", "--for=delete", "pods,persistentvolumeclaims", f"--selector=cnpg.io/cluster={CLUSTER}", GONE)
    # It may have been at an older schema then.
    here.kubectl("delete", "jobs", f"--selector=app={MIGRATIONS}")
    stack.configure(here.where, images.references())
    stack.up()
    here.kubectl("rollout", "status", f"deployment/{SERVICE}", GONE)
    ledger = here.kubectl("exec", f"deployment/{SERVICE}", "--", "web4-identity", "ledger", "verify").strip()
    # The folder is new, and the log in it of no use before a base backup is.
    return Restored(source, until, ledger, backup.take(here, BACKUP_SECONDS))


def _database(here: Place) -> dict[str, Any] | None:
    """The Cluster, or None if it is lost."""
    found = here.json("get", KIND, f"--field-selector=metadata.name={CLUSTER}")["items"]
    return found[0] if found else None


def _source(here: Place, database: dict[str, Any] | None) -> str:
    """The folder that the database archived to."""
    if database is None:
        return (here.settings.backup and here.settings.backup.server_name) or CLUSTER
    store = database["spec"].get("backup", {}).get("barmanObjectStore")
    if store is None:
        raise UserError("the database has no backups: nothing can be restored.")
    return str(store.get("serverName", CLUSTER))


def _check(database: dict[str, Any] | None, until: datetime | None) -> None:
    """Raise UserError if the time is not one that the archive has."""
    if until and until > datetime.now(UTC):
        raise UserError(f"{until.isoformat()} is yet to come.")
    first = (database or {}).get("status", {}).get("firstRecoverabilityPoint")
    if database and first is None:
        raise UserError("no base backup is complete yet: `web4ctl backup` makes one.")
    if first and until and until < datetime.fromisoformat(first):
        raise UserError(f"the backups begin at {first}, after {until.isoformat()}.")


def _stop_writers(here: Place) -> None:
    say("restore: stopping the service, so that nothing is written any more")
    here.kubectl("scale", f"deployment/{SERVICE}", "--replicas=0")
    here.kubectl("wait", "--for=delete", "pods", f"--selector=app={SERVICE}", GONE)


def _archive_the_rest(here: Place, database: dict[str, Any]) -> None:
    """Have what was written archived, and a commit after it, at which a recovery to a time can stop."""
    primary = database["status"]["currentPrimary"]

    def sql(statement: str) -> str:
        words = ("psql", "--tuples-only", "--no-align", "--quiet", f"--dbname={DATABASE}", f"--command={statement}")
        return here.kubectl("exec", primary, "--container=postgres", "--", *words).strip()

    try:
        sql("SELECT pg_current_xact_id()")
        last = sql("SELECT pg_walfile_name(pg_switch_wal())")
        polling = tenacity.Retrying(
            wait=tenacity.wait_fixed(1),
            stop=tenacity.stop_after_delay(ARCHIVE_SECONDS),
            retry=tenacity.retry_if_result(lambda archived: archived < last),
        )
        polling(sql, "SELECT last_archived_wal FROM pg_stat_archiver")
    except tenacity.RetryError:
        raise UserError(f"{last} is not archived after {ARCHIVE_SECONDS} s: `web4ctl status` shows why.") from None
