"""Bytes of the database's tables, and of its write-ahead log."""

import json
import time

from running import Running

from storage.model import Stored

# With its indexes and what is stored apart. The gate has the same tables once more, in a schema of its own.
_SIZES = """
SELECT json_object_agg(relname, size) FROM (
    SELECT relname, sum(pg_total_relation_size(relid)) AS size FROM pg_stat_user_tables GROUP BY relname
) AS tables"""
# What was written, without the padding of a segment that is switched before it is full.
_WAL = "SELECT wal_bytes FROM pg_stat_wal"
STATISTICS_SECONDS = 3
"""After which an idle backend has told its statistics (Postgres: once a second)."""


def stored(running: Running) -> Stored:
    """Return what is stored now."""
    time.sleep(STATISTICS_SECONDS)
    return Stored(json.loads(running.sql(_SIZES)), int(running.sql(_WAL)))
