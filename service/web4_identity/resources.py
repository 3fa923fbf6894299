"""What one running app holds: settings, database, Redis (where used) and what is kept in it, metrics."""

from dataclasses import dataclass

from web4_identity.db.engine import Database
from web4_identity.http.nonces import Nonces
from web4_identity.http.rate_limiter import RateLimiter
from web4_identity.metrics import Metrics
from web4_identity.redis_store import RedisStore
from web4_identity.settings import Settings


@dataclass(frozen=True)
class Resources:
    """Built once per app; nothing is connected until first used."""

    settings: Settings
    database: Database
    redis: RedisStore | None
    rate_limiter: RateLimiter
    nonces: Nonces
    metrics: Metrics

    @classmethod
    def build(cls, settings: Settings) -> "Resources":
        """Make everything from the settings. Connects to nothing."""
        metrics = Metrics()
        database = Database(
            settings.database_url,
            settings.db_pool_size,
            other_password=settings.database_other_password,
            schema=settings.database_schema,
        )
        metrics.watch_pool(database)
        redis = RedisStore(settings, metrics) if settings.rate_limit_store == "redis" else None
        return cls(
            settings,
            database,
            redis,
            RateLimiter(settings, redis),
            Nonces(settings, redis),
            metrics,
        )

    async def close(self) -> None:
        """Close every connection."""
        if self.redis is not None:
            await self.redis.close()
        await self.database.close()
