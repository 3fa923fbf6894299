"""What the service answers, and which answers defend."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLOSED = 0
"""The status of an answer that did not come, because the service closed the connection."""


@dataclass(frozen=True)
class Answer:
    """What the service said. `body` is the parsed JSON, None where there is none."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    body: Any = None

    @property
    def code(self) -> str:
        """The problem's code, empty where there is none."""
        code = self.body.get("code", "") if isinstance(self.body, dict) else ""
        return code if isinstance(code, str) else ""

    def __str__(self) -> str:
        """As the table shows it."""
        return "closed" if self.status == CLOSED else f"{self.status} {self.code}".strip()


@dataclass(frozen=True)
class Refusal:
    """An answer that defends. An empty `code` takes any, as where a proxy may refuse before the service."""

    status: int
    code: str = ""

    def matches(self, answer: Answer) -> bool:
        """Whether `answer` is this refusal."""
        return answer.status == self.status and self.code in ("", answer.code)

    def __str__(self) -> str:
        """As the table shows it."""
        return "closed" if self.status == CLOSED else f"{self.status} {self.code}".strip()


def refusal(status: int, code: str) -> Refusal:
    """The refusal of the service's own code, written without its prefix."""
    return Refusal(status, f"W4_ERR_{code}")


@dataclass(frozen=True)
class Outcome:
    """What an attack got, in words, and whether that defends."""

    got: str
    defended: bool
