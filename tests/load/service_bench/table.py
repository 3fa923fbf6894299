"""The figures as a table."""

import os
import statistics
from dataclasses import dataclass

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
)


@dataclass(frozen=True)
class Measured:
    """One measurement: what was sent, CPU seconds by process, the service's memory (now, most) in MB, the ceiling."""

    societies: int
    sent: Sent
    used: dict[str, float]
    memory: tuple[float, float]
    ceiling: float


def heading(options, cores):
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


def row(measured):
    """One line of the table."""
    sent, used = measured.sent, dict(measured.used)
    minted, service = len(sent.latencies), used.pop("service")
    rate = minted / sent.seconds
    cuts = statistics.quantiles(sent.latencies, n=100)
    figures = {
        "societies": measured.societies,
        "rate": rate,
        "p50": cuts[49] * 1000,
        "p99": cuts[98] * 1000,
        "rss": measured.memory[1],
        "raw": measured.ceiling,
        "ratio": rate / measured.ceiling,
        "milliseconds": service / minted * 1000,
        "cores": service / sent.seconds,
        "per_core": minted / service / measured.ceiling,
        "others": ", ".join(f"{name} {seconds:.1f}" for name, seconds in used.items()) + f" of {sent.seconds:.1f}",
    }
    return "| " + " | ".join(form.format(**figures) for _, form in _COLUMNS) + " |"
