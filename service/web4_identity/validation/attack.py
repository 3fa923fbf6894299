"""What an attack is, and what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from web4_identity.validation.answer import Outcome
from web4_identity.validation.bed import Bed


@dataclass(frozen=True)
class Attack:
    """One attack. `run` starts afresh each time it is called, as a rate-limited attack is tried again later."""

    klass: str
    name: str
    sends: str
    expected: str
    run: Callable[[Bed], Awaitable[Outcome]]


@dataclass(frozen=True)
class Result:
    """An attack with its outcome; None when time ran out before it was proved."""

    attack: Attack
    outcome: Outcome | None
