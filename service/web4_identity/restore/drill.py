"""The drill from beginning to end, and its outcome as lines to read and as metrics."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import tenacity
from prometheus_client import CollectorRegistry, Gauge
from pydantic import SecretStr
from sqlalchemy import make_url

from web4_identity.db.engine import Database, DatabaseUnavailable
from web4_identity.db.verify import verify_ledger
from web4_identity.restore.archive import NotArchived, archive_commit, clock
from web4_identity.restore.cluster import RestoreFailed, remove, second_cluster, wait_until_ready
from web4_identity.restore.kubernetes import CLUSTERS, Kubernetes, KubernetesRefused
from web4_identity.restore.registry import EVERYTHING, Contents, contents

LOGIN_SECONDS = 120
"""How long the operator may take to give the roles today's passwords, once the cluster is ready."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """One figure: what it is, what the first cluster held at the time, and what the second one holds."""

    what: str
    first: str
    restored: str

    @property
    def same(self) -> bool:
        """Whether they agree."""
        return self.first == self.restored


@dataclass
class Outcome:
    """What came of it: times in seconds (None if it did not come so far), figures, and what went wrong."""

    moment: datetime | None = None
    archive_seconds: float | None = None
    restore_seconds: float | None = None
    compared: list[Comparison] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether everything was compared and is the same."""
        return bool(self.compared) and not self.problems and all(each.same for each in self.compared)


@dataclass(frozen=True)
class Drill:
    """What is restored, where to, and how far back.

    `url` is the first cluster's DSN; the second one answers to the same with `{restored}-rw` as its host.
    """

    url: SecretStr
    cluster: str
    restored: str
    moment: datetime | None
    restore_seconds: float
    say: Say

    async def run(self, kubernetes: Kubernetes) -> Outcome:
        """Restore, compare, remove. What goes wrong is in the outcome; nothing stays of the second cluster."""
        outcome = Outcome()
        try:
            await self._restore(kubernetes, outcome)
        except (DatabaseUnavailable, KubernetesRefused, NotArchived, RestoreFailed) as error:
            outcome.problems.append(str(error))
        finally:
            self.say(f"removing {self.restored}")
            try:
                remove(kubernetes, self.restored)
            except (KubernetesRefused, RestoreFailed) as error:
                outcome.problems.append(str(error))
        return outcome

    async def _restore(self, kubernetes: Kubernetes, outcome: Outcome) -> None:
        first = kubernetes.get(CLUSTERS, self.cluster)
        if first is None:
            raise RestoreFailed(f"there is no cluster {self.cluster}")
        remove(kubernetes, self.restored)  # what a drill that was killed left behind
        source = Database(self.url, 1, statement_seconds=None)
        try:
            moment = outcome.moment = self.moment or await clock(source)
            _require_backup(first, moment)
            self.say(f"to {moment.isoformat()}; waiting until the archive has it")
            began = time.monotonic()
            await archive_commit(source)
            outcome.archive_seconds = time.monotonic() - began
            held = await contents(source, moment)
        finally:
            await source.close()
        self.say(f"restoring {self.cluster} as {self.restored}")
        began = time.monotonic()
        kubernetes.create(CLUSTERS, second_cluster(first, self.restored, moment))
        wait_until_ready(kubernetes, self.restored, self.restore_seconds)
        outcome.restore_seconds = time.monotonic() - began
        self.say(f"restored in {outcome.restore_seconds:.0f} s; comparing")
        restored = Database(_at(self.url, f"{self.restored}-rw"), 1, statement_seconds=None)
        try:
            outcome.compared = list(compare(held, await _patiently(restored)))
            outcome.problems += (await verify_ledger(restored))[0]
        finally:
            await restored.close()


def compare(first: Contents, restored: Contents) -> Iterator[Comparison]:
    """Each figure of both."""
    for table in first.rows:
        yield Comparison(f"rows of {table}", str(first.rows[table]), str(restored.rows[table]))
    yield Comparison("ledger", first.ledger, restored.ledger)
    yield Comparison("newest LCT", first.newest_lct, restored.newest_lct)


def table(outcome: Outcome) -> Iterator[str]:
    """The outcome as lines: a row for each figure, then what went wrong, then the verdict."""
    for each in outcome.compared:
        figures = each.first if each.same else f"{each.first} is not {each.restored}"
        yield f"{'same     ' if each.same else 'DIFFERENT'}  {each.what:<22} {figures}"
    for problem in outcome.problems:
        yield f"FAILED     {problem}"
    yield f"the restore drill {'passed' if outcome.passed else 'FAILED'}"


def metrics(outcome: Outcome, now: float) -> CollectorRegistry:
    """The outcome for a Pushgateway. In: the time in seconds since 1970."""
    registry = CollectorRegistry()
    values = {
        "success": (float(outcome.passed), "1 if everything restored was the same, else 0"),
        "timestamp_seconds": (now, "When the last drill ended"),
        "seconds": (outcome.restore_seconds, "How long the restore took until it could be read"),
        "rpo_seconds": (outcome.archive_seconds, "How long a commit took until it was archived"),
        "differences": (sum(not each.same for each in outcome.compared), "Figures that were not the same"),
    }
    for name, (value, meaning) in values.items():
        if value is not None:
            Gauge(f"web4_restore_drill_{name}", meaning, registry=registry).set(value)
    return registry


def _require_backup(first: dict[str, Any], moment: datetime) -> None:
    """Raise RestoreFailed if no base backup was complete by `moment`."""
    text = first.get("status", {}).get("firstRecoverabilityPoint")
    earliest = datetime.fromisoformat(text) if text else None
    if earliest is None:
        raise RestoreFailed("there is no base backup yet: `kubectl get backups` shows how far the first one is")
    if moment < earliest:
        raise RestoreFailed(f"{moment.isoformat()} is before the first base backup, of {earliest.isoformat()}")


def _at(url: SecretStr, host: str) -> SecretStr:
    there = make_url(url.get_secret_value()).set(host=host)
    return SecretStr(there.render_as_string(hide_password=False))


@tenacity.retry(
    wait=tenacity.wait_fixed(2),
    stop=tenacity.stop_after_delay(LOGIN_SECONDS),
    retry=tenacity.retry_if_exception_type(DatabaseUnavailable),
    reraise=True,
)
async def _patiently(restored: Database) -> Contents:
    return await contents(restored, EVERYTHING)
