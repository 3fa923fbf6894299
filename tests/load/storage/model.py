"""What is looked at: bytes in Postgres, keys in Redis."""

from collections.abc import Sequence
from dataclasses import dataclass

from web4_identity.redis_store import KEY_PREFIX

KINDS = {
    "nonce": f"{KEY_PREFIX}:nonce:",
    "payer": f"{KEY_PREFIX}:LIMITER/payer/",
    "address": f"{KEY_PREFIX}:LIMITER/ip/",
}
"""What the service's keys in Redis begin with, by what they are for."""


@dataclass(frozen=True)
class Stored:
    """At one moment: bytes of each table, and of all the log ever written."""

    tables: dict[str, int]
    wal: int

    def since(self, before: "Stored") -> "Stored":
        """Return what came to it, of each table that grew."""
        grown = {name: size - before.tables.get(name, 0) for name, size in self.tables.items()}
        return Stored({name: size for name, size in grown.items() if size}, self.wal - before.wal)


@dataclass(frozen=True)
class Keys:
    """The keys of a kind.

    Attributes:
        count: how many there are.
        size: bytes of one, on average.
        entries: requests that one of them counts, on average; 1 for a nonce.
    """

    count: int
    size: float
    entries: float


def of_kind(kind: str, names: Sequence[str]) -> list[str]:
    """Return the names of a kind's keys."""
    return [name for name in names if name.startswith(KINDS[kind])]
