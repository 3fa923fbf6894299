"""Let each signature be used once, whichever replica sees it."""

from web4_identity.redis_store import KEY_PREFIX, RedisStore, store_errors
from web4_identity.signature.rules import MAX_LIFETIME_SECONDS


class Nonces:
    """Remembers used nonces in Redis for longer than a signature can be valid."""

    def __init__(self, store: RedisStore, skew_seconds: int) -> None:
        self._redis = store.client
        # From `skew` before created to `skew` after expires, and as much again for replicas whose clocks differ.
        self._seconds = MAX_LIFETIME_SECONDS + 4 * skew_seconds

    async def use(self, owner: str, nonce: str) -> bool:
        """Whether `nonce` is new for `owner` (an LCT id); from now on it is not.

        Raises StoreUnavailable when Redis does not answer in time: a nonce that may have been used must not pass.
        """
        with store_errors():
            return bool(await self._redis.set(f"{KEY_PREFIX}:nonce:{owner}:{nonce}", 1, nx=True, ex=self._seconds))
