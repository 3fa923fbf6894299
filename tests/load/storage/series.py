"""How many series Prometheus keeps of each kind of pod."""

import re
from collections import defaultdict
from collections.abc import Iterable

_POD = re.compile(r"(-[0-9a-f]{6,10})?-([a-z0-9]{5}|\d+)$")
"""What Kubernetes puts behind the name of a Deployment, a StatefulSet, or CloudNativePG behind a Cluster's."""


def workload(pod: str) -> str:
    """Return what a pod is one of: its name without what Kubernetes put behind it."""
    return _POD.sub("", pod)


def by_workload(counts: Iterable[tuple[str, float]]) -> dict[str, tuple[int, int]]:
    """Return how many pods of each workload have series, and the most that one of them has.

    Args:
        counts: series by pod's name.
    """
    found: dict[str, list[int]] = defaultdict(list)
    for pod, count in counts:
        found[workload(pod)].append(int(count))
    return {name: (len(each), max(each)) for name, each in sorted(found.items())}
