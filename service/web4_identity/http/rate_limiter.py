"""The sliding-window limit per client, counted in Redis for all replicas together."""

import math
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from web4_identity.settings import Settings

REDIS_SECONDS = 0.5


class LimitStoreUnavailable(Exception):
    """Redis did not answer, so nothing was counted."""


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and how long until the window has room (whole seconds, at least 1)."""

    allowed: bool
    limit: int
    remaining: int = 0
    reset_seconds: int = 1


class RateLimiter:
    """RATE_LIMIT_MAX_REQUESTS_PER_IP in any RATE_LIMIT_WINDOW_SECONDS (guide, Environment Variables).

    The `limits` library's moving window runs as one script inside Redis, so replicas cannot overshoot together.
    """

    def __init__(self, settings: Settings) -> None:
        password = settings.redis_password
        pool = ConnectionPool(
            host=settings.redis_host,
            port=settings.redis_port,
            db=settings.redis_db,
            password=password.get_secret_value() if password else None,
            socket_connect_timeout=REDIS_SECONDS,
            socket_timeout=REDIS_SECONDS,
            # One more try on a dropped connection (Redis restarted); never on a timeout, which would double the wait.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            **({"connection_class": SSLConnection} if settings.redis_tls else {}),
        )
        self._redis = Redis(connection_pool=pool)
        self._limiter = MovingWindowRateLimiter(
            RedisStorage("async+redis://", implementation="redispy", key_prefix="web4-identity", connection_pool=pool)
        )
        self._item = RateLimitItemPerSecond(settings.rate_limit_requests, settings.rate_limit_window)

    async def hit(self, client: str) -> Verdict:
        """Count one request of `client` (its address) and say whether it may pass.

        A refused request is not counted. Raises LimitStoreUnavailable when Redis does not answer in time.
        """
        key = rate_limit_key(client)
        try:
            if await self._limiter.hit(self._item, "ip", key):
                return Verdict(True, self._item.amount)
            stats = await self._limiter.get_window_stats(self._item, "ip", key)
        except (RedisError, OSError) as error:
            raise LimitStoreUnavailable(f"{type(error).__name__}: {error}") from error
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        return Verdict(False, self._item.amount, max(0, stats.remaining), wait)

    async def ping(self) -> None:
        """Return when Redis answers; raises LimitStoreUnavailable when it does not."""
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            raise LimitStoreUnavailable(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close every pooled connection."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


def rate_limit_key(client: str) -> str:
    """What is counted as one client: an IPv4 address, or an IPv6 /64, all of which one host usually owns."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
