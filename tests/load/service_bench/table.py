"""The figures as a table."""

import argparse
import os
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from service_bench.load import Sent

_COLUMNS = (
    ("societies", "{societies}"),
    ("mints/s", "{rate:.0f}"),
    ("p50 ms", "{p50:.0f}"),
    ("p99 ms", "{p99:.0f}"),
    ("RSS MB", "{rss:.0f}"),
    ("ceiling/s", "{raw:.0f}"),
    ("of ceiling", "{ratio:.0%}"),
    ("CPU ms/mint", "{milliseconds:.2f}"),
    ("cores", "{cores:.2f}"),
    ("of ceiling a core", "{per_core:.0%}"),
    ("others' CPU s", "{others}"),
    ("reads/s", "{reads:.0f}"),
    ("CPU ms/read", "{read_milliseconds:.2f}"),
)


@dataclass
class Measured:
    """What came of all rounds of one measurement.

    Answers by status, seconds of each answer, seconds of sending, CPU seconds by process, the service's memory in MB
    (now, most), and the ceiling in each round.
    """

    societies: int
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    used: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    memory: tuple[float, float] = (0, 0)
    ceilings: list[float] = field(default_factory=list)

    def add(self, sent: Sent) -> None:
        """Add one round's Sent."""
        self.statuses += sent.statuses
        self.latencies += sent.latencies
        self.seconds += sent.seconds


def heading(options: argparse.Namespace, cores: int | None) -> str:
    """What is measured, and the names of the columns."""
    connections, load = options.connections, os.getloadavg()[0]
    lines = (
        f"One service process, {connections} HTTP connections, as many to Postgres; {cores} cores for everything.",
        f"Ceiling: the same SQL by pgbench -M prepared, as many connections. Load average before: {load:.1f}.",
        "",
        "| " + " | ".join(name for name, _ in _COLUMNS) + " |",
        "|" + " --: |" * len(_COLUMNS),
    )
    return "\n".join(lines)


def row(measured: Measured, read: Measured) -> str:
    """One line of the table, of the mints and of the reads."""
    minted, service = len(measured.latencies), measured.used["service"]
    rate, ceiling = minted / measured.seconds, statistics.mean(measured.ceilings)
    cuts = statistics.quantiles(measured.latencies, n=100)
    others = (f"{name} {used:.1f}" for name, used in measured.used.items() if name != "service")
    figures = {
        "societies": measured.societies,
        "rate": rate,
        "p50": cuts[49] * 1000,
        "p99": cuts[98] * 1000,
        "rss": measured.memory[1],
        "raw": ceiling,
        "ratio": rate / ceiling,
        "milliseconds": service / minted * 1000,
        "cores": service / measured.seconds,
        "per_core": minted / service / ceiling,
        "others": f"{', '.join(others)} of {measured.seconds:.1f}",
        "reads": len(read.latencies) / read.seconds,
        "read_milliseconds": read.used["service"] / len(read.latencies) * 1000,
    }
    return "| " + " | ".join(form.format(**figures) for _, form in _COLUMNS) + " |"
