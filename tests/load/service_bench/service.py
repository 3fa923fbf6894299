"""The service as it is deployed: migrated, its societies founded, one `web4-identity serve` process."""

import contextlib
import os
import subprocess
import sys
from urllib.request import urlopen

from pydantic import SecretStr
from service_servers import free_port, stop, wait_for
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.migrate import migrate
from web4_identity.db.verify import verify_ledger

from service_bench.orders import founder, society

# Enough for any run, and within what JSON readers hold exactly.
_RICH = 10**12


async def prepare(postgres, name, societies):
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


async def faults(url):
    """What the ledger's verifier says, which must be nothing."""
    async with contextlib.aclosing(_Opened(url)) as database:
        return (await verify_ledger(database))[0]


class _Opened(Database):
    def __init__(self, url):
        super().__init__(SecretStr(url), 1, statement_seconds=120)

    async def aclose(self):
        await self.close()


class Service:
    """One process of the installed command; close() stops it."""

    def __init__(self, url, redis_port, connections, log):
        self.port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "WEB4_IDENTITY_CONFIG": "",
            "WEB4_IDENTITY_HOST": "127.0.0.1",
            "WEB4_IDENTITY_PORT": str(self.port),
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
        command = [sys.executable, "-m", "web4_identity", "serve"]
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        wait_for(self._answers, "web4-identity serve", self.process)

    def _answers(self):
        with contextlib.suppress(OSError):
            return urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1).status == 200
        return False

    def close(self):
        stop(self.process)
