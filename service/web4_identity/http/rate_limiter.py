"""The sliding-window limits, counted in Redis for all replicas together, or in this process without it."""

import math
import time
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from web4_identity.http.memory_window import MemoryWindow
from web4_identity.http.verdict import LimitType, Verdict
from web4_identity.redis_store import KEY_PREFIX, RedisStore, StoreUnavailable
from web4_identity.settings import Settings


class RateLimiter:
    """So many requests of one client, and of one payer, in any RATE_LIMIT_WINDOW_SECONDS.

    Source: guide, Environment Variables. The `limits` library's moving window runs as one script inside Redis, so
    replicas cannot overshoot together. While Redis is lost (or none is used) each process counts for itself, from
    zero and up to the whole limit: N replicas together then let through N times as much.
    """

    def __init__(self, settings: Settings, store: RedisStore | None) -> None:
        window = settings.rate_limit_window
        amounts = {
            LimitType.IP: settings.rate_limit_requests,
            LimitType.PAYER: settings.rate_limit_payer_requests,
        }
        self._memory = {limit: MemoryWindow(amount, window) for limit, amount in amounts.items()}
        self._store = store
        self._writes_need_redis = settings.mints_without_redis == "refuse"
        if store is not None:
            storage = RedisStorage(
                "async+redis://",
                implementation="redispy",
                key_prefix=KEY_PREFIX,
                connection_pool=store.pool,  # type: ignore[arg-type]  # handed on to redis-py, which takes it
            )
            self._limiter = MovingWindowRateLimiter(storage)
            self._items = {limit: RateLimitItemPerSecond(amount, window) for limit, amount in amounts.items()}

    async def hit(self, limit: LimitType, who: str, *, write: bool) -> Verdict:
        """Count one request of `who` (rate_limit_key() of an address, or an LCT id) and say whether it may pass.

        A refused request is not counted. Raises StoreUnavailable when Redis is lost and a write must not do without.
        """
        if self._store is None:
            return self._memory[limit].hit(who)
        try:
            with self._store.asked():
                return await self._hit_redis(limit, who)
        except StoreUnavailable:
            # Fail closed for what spends ATP and makes identities.
            if write and self._writes_need_redis:
                raise
            return self._memory[limit].hit(who)

    async def _hit_redis(self, limit: LimitType, who: str) -> Verdict:
        item = self._items[limit]
        if await self._limiter.hit(item, limit, who):
            return Verdict(True, item.amount)
        stats = await self._limiter.get_window_stats(item, limit, who)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        return Verdict(False, item.amount, max(0, stats.remaining), wait)


def rate_limit_key(client: str) -> str:
    """What is counted as one client: an IPv4 address, or an IPv6 /64, all of which one host usually owns."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
