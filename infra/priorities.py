"""Who is placed first, and who goes last, when a node is full."""

from enum import StrEnum


class Priority(StrEnum):
    """The kinds of pod we have."""

    STATE = "state"
    SERVING = "serving"
    WATCHING = "watching"


CLASSES = {
    Priority.STATE: (1_000_000, "Postgres and Redis: nothing is served without them"),
    Priority.SERVING: (900_000, "The edge and the identity service"),
    Priority.WATCHING: (800_000, "Prometheus, Alertmanager and the Pushgateway"),
}
"""Each class's value, above what has no class (0) and far below what keeps the node alive (2 000 000 000), and why."""

OPERATORS = "web4-operators"
"""The class of the operators, which belong to the cluster and to no stack.

Not system-cluster-critical, which a cluster may keep for kube-system (by a quota; GKE does)."""

OPERATORS_VALUE = 1_100_000
"""Above all of ours: a database gets another primary from its operator only, which must also allow each change."""


def priority_class(namespace: str, priority: Priority) -> str:
    """The PriorityClass's name: they belong to the whole cluster, where several stacks may be."""
    return f"{namespace}-{priority}"
