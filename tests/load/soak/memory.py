"""Whether a pod's memory stays where it is."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

WARM_UP = 1 / 6
"""The part of a run that is not judged: caches and pools fill."""
FACTOR, MARGIN = 1.1, 5e6
"""Memory is flat if the last third's median is at most so many times the first third's, and so many bytes more."""


@dataclass(frozen=True)
class Memory:
    """One pod's.

    Attributes:
        pod: its name.
        samples: when, in seconds since the load began, and how many bytes it held then (its working set).
    """

    pod: str
    samples: Sequence[tuple[float, float]]

    def judged(self, seconds: float) -> list[tuple[float, float]]:
        """Return the samples after the warm-up of a run of so many seconds."""
        return [each for each in self.samples if each[0] >= WARM_UP * seconds]

    def medians(self, seconds: float) -> tuple[float, float]:
        """Return the medians of the first and of the last third of what is judged, in bytes."""
        sizes = [size for _, size in self.judged(seconds)]
        third = max(1, len(sizes) // 3)
        return statistics.median(sizes[:third]), statistics.median(sizes[-third:])

    def slope(self, seconds: float) -> float:
        """Return by how many bytes an hour it grows, by least squares over what is judged."""
        times, sizes = zip(*self.judged(seconds), strict=True)
        return statistics.linear_regression(times, sizes).slope * 3600

    def flat(self, seconds: float) -> bool:
        """Whether it is flat, by FACTOR and MARGIN."""
        first, last = self.medians(seconds)
        return last <= first * FACTOR + MARGIN
