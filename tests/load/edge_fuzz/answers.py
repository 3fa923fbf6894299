"""What was answered, and by whom: the service, whose answers are as its description says, or the edge before it."""

from collections import Counter
from dataclasses import dataclass, field

from page import table
from schemathesis import Response

REFUSED_BY_THE_EDGE = {400, 403, 404, 405, 408, 411, 413, 414, 415, 431}
"""What nginx and its firewall may say of an odd request: no 429, as each client stays below its limits, and no 5xx."""


def from_the_edge(response: Response) -> bool:
    """Whether nginx or its firewall answered by itself: it says so (infra/nginx_conf.py), or in nginx's own HTML."""
    by_itself = any(value.startswith("text/html") for value in response.headers.get("content-type", []))
    return by_itself or b"answered by the edge" in response.content


@dataclass
class Answers:
    """Counts, and what should not have been.

    Attributes:
        problems: a line for each answer that should not be, and each request without one.
    """

    problems: list[str] = field(default_factory=list)
    _counts: Counter[tuple[str, str, str, int]] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many requests were answered."""
        return sum(self._counts.values())

    def note(self, name: str, kind: str, by_edge: bool, status: int) -> None:
        """Count an answer to a `good` or `bad` request; what is not the edge's to answer is a problem."""
        self._counts[name, kind, "edge" if by_edge else "service", status] += 1
        if by_edge and status not in REFUSED_BY_THE_EDGE:
            self.problems.append(f"{name}: the edge answered {status} to a {kind} request")

    def statuses(self, name: str) -> dict[int, int]:
        """How often each status was answered to an operation's requests."""
        found: Counter[int] = Counter()
        for (operation, _, _, status), count in self._counts.items():
            if operation == name:
                found[status] += count
        return dict(sorted(found.items()))

    def table(self) -> str:
        """Return a row for each operation and kind of request."""
        pairs = dict.fromkeys((name, kind) for name, kind, _, _ in self._counts)
        rows = [
            [f"`{name}`", kind, *(self._told(name, kind, who) for who in ("service", "edge"))] for name, kind in pairs
        ]
        return table(("operation", "requests", "the service answered", "the edge answered"), rows)

    def _told(self, name: str, kind: str, who: str) -> str:
        found = {status: count for (*key, status), count in self._counts.items() if key == [name, kind, who]}
        return ", ".join(f"{count} x {status}" for status, count in sorted(found.items())) or "none"
