"""Whether the archive of WAL holds a time yet: a recovery stops at the first commit after it, which must be there."""

from datetime import datetime

import tenacity
from sqlalchemy import text

from web4_identity.db.engine import Database

ARCHIVE_SECONDS = 900
"""How long the archive may take for one commit: its setting backup.archive_seconds, and a segment's way there."""

_MARK = "SELECT pg_current_xact_id()"
_SEGMENT = "SELECT pg_walfile_name(pg_current_wal_insert_lsn())"
_ARCHIVED = "SELECT last_archived_wal, last_archived_time FROM pg_stat_archiver"
_TIMELINE = 8  # hexadecimal digits of a segment's name that are its timeline's


class NotArchived(Exception):
    """The archive does not take what was written. The message says since when."""


async def clock(database: Database) -> datetime:
    """The server's time."""
    async with database.reading() as connection:
        now: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return now


async def archive_commit(database: Database, seconds: float = ARCHIVE_SECONDS) -> None:
    """Commit, and return once that is archived; raises NotArchived after `seconds`.

    The transaction changes nothing: a number of its own is enough to have its commit written down.
    """
    async with database.transaction() as connection:
        await connection.execute(text(_MARK))
    async with database.reading() as connection:
        segment = await connection.scalar(text(_SEGMENT))
    polling = tenacity.AsyncRetrying(
        wait=tenacity.wait_fixed(1),
        stop=tenacity.stop_after_delay(seconds),
        retry=tenacity.retry_if_result(lambda archived: not archived),
    )
    try:
        await polling(_is_archived, database, segment)
    except tenacity.RetryError:
        async with database.reading() as connection:
            last, when = (await connection.execute(text(_ARCHIVED))).one()
        raise NotArchived(
            f"segment {segment} is not archived after {seconds:.0f} s; the last one was {last} at {when}"
        ) from None


async def _is_archived(database: Database, segment: str) -> bool:
    async with database.reading() as connection:
        last, _ = (await connection.execute(text(_ARCHIVED))).one()
    return last is not None and last[_TIMELINE:24] >= segment[_TIMELINE:]
