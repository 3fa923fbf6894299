"""The sliding-window limits, counted in Redis for all replicas together."""

import math
import time
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from web4_identity.redis_store import KEY_PREFIX, RedisStore, store_errors
from web4_identity.settings import Settings


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


class RateLimiter:
    """So many requests of one client, and of one payer, in any RATE_LIMIT_WINDOW_SECONDS.

    Source: guide, Environment Variables. The `limits` library's moving window runs as one script inside Redis, so
    replicas cannot overshoot together.
    """

    def __init__(self, settings: Settings, store: RedisStore) -> None:
        self._limiter = MovingWindowRateLimiter(
            RedisStorage("async+redis://", implementation="redispy", key_prefix=KEY_PREFIX, connection_pool=store.pool)
        )
        window = settings.rate_limit_window
        self._items = {
            LimitType.IP: RateLimitItemPerSecond(settings.rate_limit_requests, window),
            LimitType.PAYER: RateLimitItemPerSecond(settings.rate_limit_payer_requests, window),
        }

    async def hit(self, limit: LimitType, who: str) -> Verdict:
        """Count one request of `who` (rate_limit_key() of an address, or an LCT id) and say whether it may pass.

        A refused request is not counted. Raises StoreUnavailable when Redis does not answer in time.
        """
        item = self._items[limit]
        with store_errors():
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
