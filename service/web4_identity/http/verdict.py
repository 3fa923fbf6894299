"""What a rate limit counts by, and what it answers."""

from dataclasses import dataclass
from enum import StrEnum


class LimitType(StrEnum):
    """What a limit counts by; the metric's limit_type label."""

    IP = "ip"
    PAYER = "payer"


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and how long until the window has room (whole seconds, at least 1)."""

    allowed: bool
    limit: int
    remaining: int = 0
    reset_seconds: int = 1
