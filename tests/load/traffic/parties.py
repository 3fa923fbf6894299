"""Who sends: LCTs with keys of their own, the societies that they are born into, and the clock that they sign by."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import raw_public_key, to_multikey
from web4_identity.signature import PayerAuth

MINTS_EACH = 12
"""What a society is good for: the 12th mint costs 8,650 ATP, and MintingCostHigh is about 10,000 on average."""


class Clock:
    """The clients' own clock, which can be wrong."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """Return what it shows."""
        return datetime.now(UTC) + self.ahead


class Party:
    """Someone whose key is made here and kept nowhere."""

    def __init__(self, clock: Clock) -> None:
        self._key, self._clock = Ed25519PrivateKey.generate(), clock
        self.auth = PayerAuth(self._key, clock.now)
        self.lct_id = self.auth.lct_id
        self.public_key = to_multikey(raw_public_key(self._key))

    def bound_as(self, kind: EntityType) -> str:
        """Return the proof that it agrees to be that."""
        return prove_binding(self._key, kind, self._clock.now())


class Society:
    """A society that this run founds. Its founder pays for every mint in it."""

    def __init__(self, run: str, clock: Clock) -> None:
        self.name = f"{run}-{secrets.token_hex(4)}"
        self.founder = Party(clock)
        self._clock = clock

    def founding(self) -> dict[str, Any]:
        """Return the request that founds it."""
        return {
            "name": self.name,
            "founder_public_key": self.founder.public_key,
            "binding_proof": self.founder.bound_as(EntityType.ORGANIZATION),
        }

    def mint(self, subject: Party, kind: EntityType = EntityType.DEVICE) -> dict[str, Any]:
        """Return the request that makes `subject` one of its own."""
        return {
            "caller_lct_id": self.founder.lct_id,
            "entity_type": kind.value,
            "entity_identifier": f"load-{subject.lct_id[-16:]}",
            "society": self.name,
            "public_key": subject.public_key,
            "binding_proof": subject.bound_as(kind),
        }


class Town:
    """What a few clients share: a society at a time, which makes them wait for each other, and who was born there."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # held while a society is founded
        self.society: Society | None = None
        self.left = 0
        self.born: list[Party] = []
        self.revoked: list[Party] = []
