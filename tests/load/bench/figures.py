"""What was measured, as rows of the table in docs/benchmarks.md."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from page import table

HEADS = ("what", "replicas", "a second", "p50 ms", "p95 ms", "p99 ms", "failed", "of nginx", "of the SQL", "MB a pod")


@dataclass(frozen=True)
class Measured:
    """One kind of request at one number of replicas.

    Attributes:
        what: `reads`, `mints`, or what else was sent.
        replicas: the service's pods; 0 where none was asked.
        seconds: from the first request to the last answer.
        latencies: seconds of each request that was answered as it should be, or refused.
        failed: how many were not answered as they should be.
        memory: the memory of each of the service's pods afterwards, in bytes.
        cpu: CPU seconds of the load itself.
        opening: seconds of each connection, its TLS handshake included.
    """

    what: str
    replicas: int
    seconds: float
    latencies: Sequence[float]
    failed: int
    memory: Sequence[float] = ()
    cpu: float = 0.0
    opening: Sequence[float] = ()

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return max(len(self.latencies) - self.failed, 0) / self.seconds


def rows(measured: Sequence[Measured], nginx: float, ceiling: float) -> str:
    """Return the table.

    Args:
        measured: what was measured.
        nginx: what the edge alone answers in a second.
        ceiling: the mints a second of the SQL alone; what reads do is no share of it.
    """
    return table(HEADS, [_cells(each, nginx, ceiling) for each in measured])


def _cells(each: Measured, nginx: float, ceiling: float) -> list[str]:
    cuts = statistics.quantiles(each.latencies, n=100) if len(each.latencies) > 1 else [0.0] * 99
    return [
        each.what,
        str(each.replicas or ""),
        f"{each.rate:.0f}",
        *(f"{cuts[percent - 1] * 1000:.1f}" for percent in (50, 95, 99)),
        str(each.failed),
        f"{each.rate / nginx:.1%}",
        f"{each.rate / ceiling:.1%}" if each.what == "mints" else "",
        ", ".join(f"{size / 1e6:.0f}" for size in each.memory),
    ]
