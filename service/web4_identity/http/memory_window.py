"""A moving window counted in this process, in bounded memory."""

import math
import time
from collections import deque

from cachetools import LRUCache

from web4_identity.http.verdict import Verdict

MEMORY_BYTES = 16 * 2**20
"""What one window may take: some 8,000 clients that use up a limit of 20, more that use less."""

# One client costs its key, a deque's first block and its places in the cache; one request a float and its slot.
_CLIENT_BYTES = 1400
_REQUEST_BYTES = 32


class MemoryWindow:
    """So many requests of one client in any `seconds`, known to this process alone.

    Over MEMORY_BYTES the client that has been silent longest is forgotten, so a flood from many addresses cannot grow
    it; each of them is limited as long as it is remembered. The `limits` library's own memory storage is not used: it
    goes over all clients again and again, through a thread for each one (0.2 s of CPU a sweep at 2000 clients), and
    has no bound.
    """

    def __init__(self, amount: int, seconds: int) -> None:
        self._amount = amount
        self._seconds = seconds
        self._times: LRUCache[str, deque[float]] = LRUCache(MEMORY_BYTES, getsizeof=_size)

    def hit(self, who: str) -> Verdict:
        """Count one request of `who` and say whether it may pass; a refused one is not counted."""
        now = time.monotonic()
        times = self._times.get(who)
        if times is None:
            times = deque()
        while times and times[0] <= now - self._seconds:
            times.popleft()
        allowed = len(times) < self._amount
        if allowed:
            times.append(now)
        # Weighs the client anew, and makes room.
        self._times[who] = times
        if allowed:
            return Verdict(True, self._amount)
        return Verdict(False, self._amount, 0, max(1, math.ceil(times[0] + self._seconds - now)))


def _size(times: deque[float]) -> int:
    return _CLIENT_BYTES + _REQUEST_BYTES * len(times)
