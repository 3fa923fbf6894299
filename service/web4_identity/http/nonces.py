"""Let each signature be used once, whichever replica sees it."""

from cachetools import TTLCache

from web4_identity.redis_store import KEY_PREFIX, RedisStore, StoreUnavailable
from web4_identity.settings import Settings
from web4_identity.signature.rules import MAX_LIFETIME_SECONDS

MEMORY_NONCES = 50_000
"""How many one process remembers without Redis: hundreds of writes a second for as long as a signature can live."""


class Nonces:
    """Remembers used nonces for longer than a signature can be valid.

    In Redis for all replicas; in this process too where writes may go on without Redis. That is asked first, so that
    at this replica a signature counts once also when Redis is lost or comes back within its lifetime.
    """

    def __init__(self, settings: Settings, store: RedisStore | None) -> None:
        # From `skew` before created to `skew` after expires, and as much again for replicas whose clocks differ.
        self._seconds = MAX_LIFETIME_SECONDS + 4 * settings.signature_clock_skew
        self._store = store
        self._memory: TTLCache[str, None] | None = None
        if store is None or settings.mints_without_redis == "allow":
            self._memory = TTLCache(MEMORY_NONCES, self._seconds)

    async def use(self, owner: str, nonce: str) -> bool:
        """Whether `nonce` is new for `owner` (an LCT id); from now on it is not.

        Raises StoreUnavailable when it cannot be remembered: a nonce that may have been used must not pass.
        """
        key = f"{KEY_PREFIX}:nonce:{owner}:{nonce}"
        if self._memory is not None and not _remember(self._memory, key):
            return False
        if self._store is None:
            return True
        try:
            with self._store.asked():
                return bool(await self._store.client.set(key, 1, nx=True, ex=self._seconds))
        except StoreUnavailable:
            if self._memory is None:
                raise
            return True


def _remember(memory: TTLCache[str, None], key: str) -> bool:
    memory.expire()
    if key in memory:
        return False
    if len(memory) >= memory.maxsize:
        # One more would push out a nonce that can still be replayed.
        raise StoreUnavailable("too many nonces in memory")
    memory[key] = None
    return True
