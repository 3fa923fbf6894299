"""A soak as lines, a table, and its problems."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from page import table
from traffic.audit import Finding
from traffic.record import Sent

from soak.memory import FACTOR, MARGIN, WARM_UP, Memory

HEADS = ("pod", "first third MB", "last third MB", "MB an hour", "most MB", "samples", "flat")


@dataclass(frozen=True)
class Soak:
    """What came of it.

    Attributes:
        seconds: how long the load lasted.
        memories: of each pod that was there from beginning to end.
        sent: every request.
        findings: the audit's.
        changed: pods that came, went, or whose containers were restarted meanwhile.
    """

    seconds: float
    memories: Sequence[Memory]
    sent: Sequence[Sent]
    findings: Sequence[Finding]
    changed: Sequence[str]

    @property
    def problems(self) -> list[str]:
        """Everything that is not as it must be."""
        failed = [each for each in self.sent if not each.ok]
        return [
            *(f"{each.pod} grows" for each in self.memories if not each.flat(self.seconds)),
            *(f"{pod} was restarted or replaced" for pod in self.changed),
            *([f"{len(failed)} of {len(self.sent)} requests failed"] if failed else []),
            *(f"{each.wrong.value}: {each.about}" for each in self.findings),
        ]

    def text(self, begins: str) -> str:
        """Return the section of the page, which `begins` with what was run and when."""
        milliseconds = [(each.until - each.at) * 1000 for each in self.sent]
        cuts = statistics.quantiles(milliseconds, n=100)
        return "\n".join(
            [
                f"{begins}: {self.seconds / 60:.0f} minutes, {len(self.sent)} requests ("
                f"{len(self.sent) / self.seconds:.1f} a second; p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms), audited "
                f"at the end; {len(self.problems)} problems. Judged after the first {WARM_UP:.0%}; flat is a median of "
                f"the last third of at most {FACTOR} times the first third's and {MARGIN / 1e6:.0f} MB.",
                *(["", *(f"- {problem}" for problem in self.problems)] if self.problems else []),
                "",
                table(HEADS, [self._cells(each) for each in self.memories]),
            ]
        )

    def _cells(self, memory: Memory) -> list[str]:
        first, last = memory.medians(self.seconds)
        return [
            memory.pod,
            f"{first / 1e6:.1f}",
            f"{last / 1e6:.1f}",
            f"{memory.slope(self.seconds) / 1e6:+.1f}",
            f"{max(size for _, size in memory.samples) / 1e6:.1f}",
            str(len(memory.judged(self.seconds))),
            "yes" if memory.flat(self.seconds) else "**no**",
        ]
