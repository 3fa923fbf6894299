"""What one running app holds: settings, database, rate limiter, metrics."""

from dataclasses import dataclass

from web4_identity.db.engine import Database
from web4_identity.http.rate_limiter import RateLimiter
from web4_identity.metrics import Metrics
from web4_identity.settings import Settings


@dataclass(frozen=True)
class Resources:
    """Built once per app; nothing is connected until first used."""

    settings: Settings
    database: Database
    rate_limiter: RateLimiter
    metrics: Metrics

    @classmethod
    def build(cls, settings: Settings) -> "Resources":
        """Make everything from the settings. Connects to nothing."""
        return cls(
            settings,
            Database(settings.database_url, settings.db_pool_size),
            RateLimiter(settings),
            Metrics(),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self.rate_limiter.close()
        await self.database.close()
