"""The connection to Redis, shared by the rate limits and the nonces, and whether it is in use or given up for now."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from web4_identity.logs import logger
from web4_identity.metrics import Metrics
from web4_identity.settings import Settings

# Longer than a busy process or Redis hesitates: only one request a second waits for a Redis that is lost.
REDIS_SECONDS = 2.0
RETRY_SECONDS = 1.0
KEY_PREFIX = "web4-identity"
_log = logger()


class StoreUnavailable(Exception):
    """Redis did not answer as it should, so nothing was counted or remembered."""


class RedisStore:
    """A pool of connections, opened when first used and closed by close().

    A lost Redis is tried again once in RETRY_SECONDS, so that only one request waits for it; a change between the
    two is one log line and the metric rate_limiter_mode.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        password = settings.redis_password
        self.pool = ConnectionPool(
            host=settings.redis_host,
            port=settings.redis_port,
            db=settings.redis_db,
            password=password.get_secret_value() if password else None,
            socket_connect_timeout=REDIS_SECONDS,
            socket_timeout=REDIS_SECONDS,
            # One more try on a dropped connection (Redis restarted); never on a timeout, which would double the wait.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            connection_class=SSLConnection if settings.redis_tls else Connection,
        )
        self.client = Redis(connection_pool=self.pool)
        self._writes = settings.mints_without_redis
        self._metrics = metrics
        self._in_use = True
        self._retry_at = 0.0
        metrics.rate_limiter_uses_redis(True)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Around whatever asks Redis to count or remember.

        Raises StoreUnavailable for every way that Redis can fail inside, and at once while it is lost.
        """
        try:
            if not self._in_use:
                if time.monotonic() < self._retry_at:
                    raise StoreUnavailable("Redis was lost and is tried again in a second")
                self._retry_at = time.monotonic() + RETRY_SECONDS
            with self._watched():
                yield
        except StoreUnavailable:
            self._metrics.rate_limit_store_errors.inc()
            raise

    async def ping(self) -> None:
        """Return when Redis answers; raises StoreUnavailable when it does not. Always tries."""
        with self._watched():
            await self.client.ping()

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.client.aclose()
        await self.pool.disconnect()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            cause = f"{type(error).__name__}: {error}"
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if self._in_use:
                _log.error("rate_limits_in_memory", cause=cause, reads="limited per replica", mints=self._writes)
            self._use(False)
            raise StoreUnavailable(cause) from error
        if not self._in_use:
            _log.info("rate_limits_in_redis")
        self._use(True)

    def _use(self, redis: bool) -> None:
        self._in_use = redis
        self._metrics.rate_limiter_uses_redis(redis)
        self._metrics.dependency_up.labels("redis").set(redis)
