"""The connection to Redis, shared by the rate limits and the nonces."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import ConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from web4_identity.settings import Settings

REDIS_SECONDS = 0.5
KEY_PREFIX = "web4-identity"


class StoreUnavailable(Exception):
    """Redis did not answer as it should, so nothing was counted or remembered."""


class RedisStore:
    """A pool of connections, opened when first used and closed by close()."""

    def __init__(self, settings: Settings) -> None:
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
            **({"connection_class": SSLConnection} if settings.redis_tls else {}),
        )
        self.client = Redis(connection_pool=self.pool)

    async def ping(self) -> None:
        """Return when Redis answers; raises StoreUnavailable when it does not."""
        with store_errors():
            await self.client.ping()

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.client.aclose()
        await self.pool.disconnect()


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn every way that Redis can fail inside the block into StoreUnavailable."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error
