"""The caller's ATP as its own mints show it: what is gone must be what was paid for."""

from typing import Any


class Purse:
    """Adds up the caller's mints. Right as long as nobody else mints with the caller's key during the run."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._seen: set[str] = set()
        self._costs: list[int] = []
        self._remaining: list[int] = []

    def paid(self, answer: dict[str, Any]) -> None:
        """Note the answer to a mint; a repeated answer counts once, as it must charge once."""
        lct_id = answer["data"]["lct_id"]
        if lct_id not in self._seen:
            self._seen.add(lct_id)
            self._costs.append(answer["atp_cost"])
            self._remaining.append(answer["caller_atp_remaining"])

    def settle(self) -> int:
        """ATP that is gone beyond what the mints since the last settling cost; 0 is right.

        Concurrent mints are answered in any order, so the lowest remainder is the last.
        """
        if not self._remaining:
            return 0
        last = min(self._remaining)
        unexplained = 0 if self._last is None else self._last - sum(self._costs) - last
        self._last = last
        self._costs, self._remaining = [], []
        return unexplained
