"""What was measured, and what follows from it at other rates, as tables for docs/scale.md."""

from collections.abc import Mapping
from dataclasses import dataclass

from page import table
from web4_identity.settings import Settings
from web4_identity.signature.rules import MAX_LIFETIME_SECONDS

from storage.model import Keys, Stored

RATES = (10, 1_000, 100_000)
"""Mints a second."""
DAY = 24 * 3600
KEPT_DAYS: int = Settings.model_fields["idempotency_retention_days"].default
WINDOW: int = Settings.model_fields["rate_limit_window"].default
NONCE_SECONDS: int = MAX_LIFETIME_SECONDS + 4 * Settings.model_fields["signature_clock_skew"].default
"""How long a nonce is remembered (service/web4_identity/http/nonces.py)."""
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True)
class Storage:
    """What was measured.

    Attributes:
        mints: how many were made.
        grown: what came to the database meanwhile.
        wal: bytes of log of one mint in each batch; the first one comes right after a checkpoint.
        keys: of Redis, by kind.
        series: pods with series by workload, and the most that one pod has.
        samples: that Prometheus takes a second.
    """

    mints: int
    grown: Stored
    wal: tuple[float, ...]
    keys: Mapping[str, Keys]
    series: Mapping[str, tuple[int, int]]
    samples: float

    @property
    def kept(self) -> float:
        """Bytes of a mint that stay for ever."""
        return sum(size for name, size in self.grown.tables.items() if name != "idempotency") / self.mints

    @property
    def answer(self) -> float:
        """Bytes of a mint that stay for KEPT_DAYS: its answer under its Idempotency-Key."""
        return self.grown.tables.get("idempotency", 0) / self.mints

    def redis(self, rate: float) -> float:
        """Bytes that Redis holds at so many mints a second, of callers that send as often as the measured ones."""
        nonces = rate * NONCE_SECONDS * self.keys["nonce"].size
        return nonces + sum(rate * WINDOW / each.entries * each.size for each in self._callers())

    def _callers(self) -> list[Keys]:
        return [self.keys[kind] for kind in ("payer", "address")]

    def text(self, begins: str) -> str:
        """Return the section of the page."""
        parts = [f"{begins}: {self.mints:,} mints, each with two transfers, an account and an audit entry."]
        parts += [self._postgres(), self._redis(), self._series(), self._derived()]
        return "\n\n".join(parts)

    def _postgres(self) -> str:
        sizes = sorted(self.grown.tables.items(), key=lambda each: -each[1])
        rows = [[f"table `{name}`, its indexes included", f"{size / self.mints:,.0f}"] for name, size in sizes]
        first, *later = self.wal
        rows.append(["all tables", f"{self.kept + self.answer:,.0f}"])
        rows.append(["write-ahead log, right after a checkpoint", f"{first:,.0f}"])
        rows += [["write-ahead log, the next batch", f"{each:,.0f}"] for each in later]
        return table(("of a mint", "bytes"), rows)

    def _redis(self) -> str:
        what = {"nonce": f"a nonce, {NONCE_SECONDS} s", "payer": "a payer", "address": "a client's address"}
        rows = [
            [
                what[kind] + (f" with {each.entries:.0f} requests counted" if kind != "nonce" else ""),
                f"{each.size:,.0f}",
            ]
            for kind, each in self.keys.items()
        ]
        return table(("of Redis, by `MEMORY USAGE`", "bytes"), rows)

    def _series(self) -> str:
        rows = [[f"`{name}`", str(pods), str(most)] for name, (pods, most) in self.series.items()]
        rows.append(["all, samples a second", "", f"{self.samples:,.0f}"])
        return table(("pod", "pods", "series of one"), rows)

    def _derived(self) -> str:
        wal = sum(self.wal) / len(self.wal)
        rows = [
            [
                f"{rate:,}",
                _bytes(rate * DAY * self.kept),
                _bytes(rate * DAY * KEPT_DAYS * self.answer),
                _bytes(rate * DAY * wal),
                _bytes(self.redis(rate)),
            ]
            for rate in RATES
        ]
        heads = ("mints/s (derived)", "tables a day", f"answers, kept {KEPT_DAYS} days", "log a day", "Redis at a time")
        return table(heads, rows)


def _bytes(count: float) -> str:
    """Such as `1.2 GB`."""
    thousands = min((len(str(int(count))) - 1) // 3, len(_UNITS) - 1)
    return f"{count / 1000**thousands:.1f} {_UNITS[thousands]}"
