"""What each process does beside its requests: it watches the ledger and its dependencies, and purges old answers.

Replicas do it independently of each other: every one of them may, none must.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from web4_identity.db.engine import DatabaseUnavailable
from web4_identity.db.upkeep import ledger_imbalance, purge_answers, society_pools
from web4_identity.logs import logger
from web4_identity.redis_store import StoreUnavailable
from web4_identity.resources import Resources

PURGE_SECONDS = 3600
PURGE_BATCH = 1000
_log = logger()


@asynccontextmanager
async def housekeeping(resources: Resources) -> AsyncIterator[None]:
    """Keep house in a task of its own for as long as the block runs."""
    task = asyncio.create_task(keep_house(resources))
    try:
        yield
    finally:
        # More than once: a connection that is just being opened can swallow a cancellation (seen with asyncio 3.11).
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.2)


async def keep_house(resources: Resources) -> None:
    """Check at once and then each LEDGER_CHECK_SECONDS, purge each hour, until cancelled; no failure ends it."""
    seconds = resources.settings.ledger_check_seconds
    # Not at once, and each time a little off, so that replicas started together do not run in step.
    next_purge = time.monotonic() + random.uniform(0, PURGE_SECONDS)
    while True:
        await _without_fail("check", check(resources))
        if time.monotonic() >= next_purge:
            await _without_fail("purge", purge(resources))
            next_purge = time.monotonic() + _about(PURGE_SECONDS)
        await asyncio.sleep(_about(seconds))


async def check(resources: Resources) -> None:
    """Bring the metrics of the ledger, the pools and the dependencies up to date.

    Raises DatabaseUnavailable, before the first migration too.
    """
    metrics = resources.metrics
    if resources.redis is not None:
        # The store itself keeps the metric.
        with suppress(StoreUnavailable):
            await resources.redis.ping()
    try:
        async with resources.database.reading() as connection:
            imbalance = await ledger_imbalance(connection)
            pools = await society_pools(connection)
    except DatabaseUnavailable as error:
        metrics.database_failed(error)
        raise
    metrics.dependency_up.labels("database").set(1)
    metrics.ledger_imbalance.set(imbalance)
    metrics.ledger_checked.set_to_current_time()
    if imbalance:
        _log.error("ledger_imbalance", atp=imbalance, remedy="run web4-identity ledger verify")
    by_label: Counter[str] = Counter()
    for name, balance in pools:
        by_label[metrics.society(name)] += balance
    for label, balance in by_label.items():
        metrics.society_pool.labels(label).set(balance)


async def purge(resources: Resources) -> int:
    """Delete the idempotency records older than IDEMPOTENCY_RETENTION_DAYS, and give how many it were.

    A repeat that comes after that cannot mint again: it asks for the same public key, which is a duplicate (409), and
    its binding proof is older than the BINDING_CLOCK_SKEW_SECONDS (an hour at most) that any mint must keep. A repeated
    revocation finds its LCT revoked (409). Raises DatabaseUnavailable.
    """
    before = datetime.now(UTC) - timedelta(days=resources.settings.idempotency_retention_days)
    total = 0
    while True:
        # A transaction for each batch: none holds its locks for long.
        async with resources.database.transaction() as connection:
            purged = await purge_answers(connection, before, PURGE_BATCH)
        total += purged
        if purged < PURGE_BATCH:
            break
    if total:
        _log.info("idempotency_records_purged", records=total)
    return total


async def _without_fail(chore: str, doing: Awaitable[object]) -> None:
    try:
        await doing
    except DatabaseUnavailable as error:
        _log.warning("housekeeping_put_off", chore=chore, cause=type(error).__name__)
    except Exception:
        _log.exception("housekeeping_failed", chore=chore)


def _about(seconds: float) -> float:
    return seconds * random.uniform(0.9, 1.1)
