"""What the service is measured with: a migrated database, its societies founded, and settings."""

import contextlib

from pydantic import SecretStr
from service_servers import Postgres
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.migrate import migrate
from web4_identity.db.verify import verify_ledger

from service_bench.orders import founder, society

# Enough for any run, and within what JSON readers hold exactly.
_RICH = 10**12


async def prepare(postgres: Postgres, name: str, societies: int) -> str:
    """A new database `name` with so many societies, whose founders can pay for every mint of a run. Gives its URL."""
    await postgres.run(f"CREATE DATABASE {name}")
    url = postgres.url(name)
    await migrate(SecretStr(url), wait_seconds=5)
    async with contextlib.aclosing(_Opened(url)) as database:
        for number in range(societies):
            await found_society(
                database,
                name=society(number),
                founder_public_key=founder(number).public_key,
                grant=0,
                founder_funds=_RICH,
                pool_funds=_RICH,
            )
    # As autovacuum would have done long ago; without it the first plans are made for empty tables.
    await postgres.run("VACUUM ANALYZE", name)
    return url


async def faults(url: str) -> list[str]:
    """What the ledger's verifier says, which must be nothing."""
    async with contextlib.aclosing(_Opened(url)) as database:
        return (await verify_ledger(database))[0]


class _Opened(Database):
    def __init__(self, url: str) -> None:
        super().__init__(SecretStr(url), 1, statement_seconds=120)

    async def aclose(self) -> None:
        await self.close()


def environment(url: str, redis_port: int, connections: int) -> dict[str, str]:
    """The settings of the measured service; no limit is in the way."""
    return {
        "WEB4_IDENTITY_CONFIG": "",
        "DATABASE_URL": url,
        "DB_POOL_SIZE": str(connections),
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_port),
        "RATE_LIMIT_MAX_REQUESTS_PER_IP": "100000",
        "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "100000",
        # The price must not grow out of the payers' means.
        "ATP_MINT_SCALE_FACTOR": "1",
        # So that requests can be signed well before they are sent.
        "SIGNATURE_CLOCK_SKEW_SECONDS": "30",
    }
