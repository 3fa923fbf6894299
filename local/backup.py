"""A base backup of a stack's database, now."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import tenacity

from infra.components.database import CLUSTER
from local.errors import UserError
from local.place import Place
from local.progress import say, step
from local.times import age

POLL_SECONDS = 2


@dataclass(frozen=True)
class Backup:
    """A complete base backup.

    Attributes:
        name: of the object in Kubernetes.
        backup_id: its folder in the bucket.
        server: the folder of its database in the bucket.
        destination: the bucket.
        began: when it began.
        ended: when it was complete: the earliest time that it can be restored to.
        first_wal: the write-ahead log that it needs, from this file
        last_wal: to this one; what follows brings it to later times.
    """

    name: str
    backup_id: str
    server: str
    destination: str
    began: datetime
    ended: datetime
    first_wal: str
    last_wal: str

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.began).total_seconds()

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        times = {"began": self.began.isoformat(), "ended": self.ended.isoformat()}
        return {**asdict(self), **times, "seconds": self.seconds}

    def text(self) -> str:
        """Return it as a line for a person."""
        where = f"{self.destination}/{self.server}/base/{self.backup_id}"
        return f"backup {self.name}: complete in {age(self.seconds)}, {where}, restorable from {self.ended:%FT%TZ} on"


def take(place: Place, seconds: float) -> Backup:
    """Ask the operator for a backup, and return it once it is complete.

    Args:
        place: the stack.
        seconds: how long it may take.

    Raises:
        UserError: the stack keeps no backups, it failed, or it is not complete in time (it then goes on).
    """
    if place.settings.database.external:
        raise UserError(
            f"stack {place.stack} has its Postgres elsewhere (database.external): its provider backs it up."
        )
    if place.settings.backup is None:
        raise UserError(f"stack {place.stack} keeps no backups: set `backup` (docs/configuration.md).")
    name = f"{CLUSTER}-{datetime.now(UTC):%Y%m%d%H%M%S}-by-hand"
    backup = {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Backup",
        "metadata": {"name": name},
        "spec": {"method": "barmanObjectStore", "cluster": {"name": CLUSTER}},
    }
    place.kubectl("create", "--filename=-", stdin=json.dumps(backup))
    say(f"backup {name}: under way")
    status = _ended(place, name, seconds)
    if status["phase"] == "failed":
        raise UserError(f"backup {name} failed: {status.get('error', 'the operator says no reason')}")
    return Backup(
        name,
        status["backupId"],
        status["serverName"],
        status["destinationPath"],
        datetime.fromisoformat(status["startedAt"]),
        datetime.fromisoformat(status["stoppedAt"]),
        status["beginWal"],
        status["endWal"],
    )


def _ended(place: Place, name: str, seconds: float) -> dict[str, Any]:
    """Return the status of the backup once it is completed or failed."""

    def look() -> dict[str, Any]:
        return dict(place.json("get", "backup.postgresql.cnpg.io", name).get("status", {}))

    with step(f"backup {name}") as progress:
        polling = tenacity.Retrying(
            wait=tenacity.wait_fixed(POLL_SECONDS),
            stop=tenacity.stop_after_delay(seconds),
            retry=tenacity.retry_if_result(lambda status: status.get("phase") not in {"completed", "failed"}),
            before_sleep=lambda _: progress.tick(),
        )
        try:
            return polling(look)
        except tenacity.RetryError as error:
            phase = error.last_attempt.result().get("phase", "not begun")
            raise UserError(f"backup {name} is not complete after {age(seconds)} ({phase}); it goes on.") from None
