"""What came of one fault, and the alerts meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from traffic.audit import Finding, Wrong
from traffic.record import Sent


@dataclass(frozen=True)
class Alert:
    """An alert that fired.

    Attributes:
        name: its name.
        since: when it began to fire, in seconds since 1970.
        last: when it was last seen to fire.
        sent: whether somebody was told, or another alert kept it back.
        window: of a burn rate, over how long it is measured; empty for others.
    """

    name: str
    since: float
    last: float
    sent: bool
    window: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        fault: its name.
        what: what was done.
        began: when, in seconds since 1970.
        sent: the requests sent from then until the stack was whole and a moment longer.
        whole_after: seconds until the stack was whole again; None if it was not in time.
        alerts: which fired meanwhile, some since before.
        alert: the one that had to; empty for none.
        silent: why none had to.
        no_failure: whether no request might fail.
        findings: what the audit found that it had not found before.
        problem: what kept the fault from being done; empty if nothing did.
    """

    fault: str
    what: str
    began: float
    sent: Sequence[Sent]
    whole_after: float | None
    alerts: Sequence[Alert]
    alert: str = ""
    silent: str = ""
    no_failure: bool = False
    findings: Sequence[Finding] = field(default_factory=tuple)
    problem: str = ""

    @property
    def failed(self) -> list[Sent]:
        """The requests that were not answered as they should be."""
        return [each for each in self.sent if not each.ok]

    @property
    def retried(self) -> int:
        """How many were sent twice."""
        return sum(each.retries for each in self.sent)

    @property
    def recovered_after(self) -> float:
        """Seconds until the last failure was over; 0 without one."""
        return max((each.until - self.began for each in self.failed), default=0)

    @property
    def lost(self) -> int:
        """How many acknowledgements do not hold."""
        return self._count(Wrong.LOST)

    @property
    def charged_twice(self) -> int:
        """How many were charged more than once."""
        return self._count(Wrong.DOUBLE_CHARGE)

    @property
    def problems(self) -> list[str]:
        """Everything that is not as it must be, as lines to read."""
        lines = [f"{finding.wrong.value}: {finding.about}" for finding in self.findings]
        if self.problem:
            lines.append(self.problem)
        if self.whole_after is None:
            lines.append("the stack was not whole again in time")
        if self.no_failure and self.failed:
            lines.append(f"{len(self.failed)} requests failed, and none may")
        if self.alert and self.alert not in {alert.name for alert in self.alerts if alert.since >= self.began}:
            lines.append(f"{self.alert} did not fire")
        return lines

    def _count(self, wrong: Wrong) -> int:
        return sum(finding.wrong is wrong for finding in self.findings)
