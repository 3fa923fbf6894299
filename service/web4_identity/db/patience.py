"""Waiting for a database that may still be starting, or whose network may not let a new pod through yet."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_exponential

from web4_identity.db.engine import DatabaseUnavailable

T = TypeVar("T")


async def patiently(work: Callable[[], Awaitable[T]], wait_seconds: float) -> T:
    """The result of `work`, begun again for `wait_seconds` while the database is out of reach.

    Raises DatabaseUnavailable when it stays so, or at once when waiting cannot help.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, DatabaseUnavailable) and error.passing),
        stop=stop_after_delay(wait_seconds),
        wait=wait_exponential(multiplier=0.2, max=3),
        reraise=True,
    )
    return await retrying(work)
