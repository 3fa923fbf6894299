"""What a registry held at a time, in few enough figures to be compared: rows of each table, ledger, newest LCT.

A recovery to a time brings back what was committed by then, so "held at a time" goes by Postgres's own commit times
(track_commit_timestamp), not by the service's clock in `created_at`. What was committed before they were kept, or is
so old that they are gone, counts by `created_at`. Only in rows that change is the commit time that of the last change;
for those another row, written in the same transaction and never changed, says when they came.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.engine import Database

_MOMENT = "CAST(CAST(:moment AS text) AS timestamptz)"
_COMMITTED = f"coalesce(pg_xact_commit_timestamp({{0}}.xmin), {{0}}.created_at) <= {_MOMENT}"
_ENTRIES = f"(SELECT * FROM ledger_entries l WHERE {_COMMITTED.format('l')})"
# An LCT changes when it is revoked, and a founder's when its binding proof is added.
_LCTS = f"""(SELECT * FROM lcts l WHERE CASE WHEN l.revoked_at IS NULL AND NOT l.genesis
    THEN {_COMMITTED.format("l")} ELSE l.created_at <= {_MOMENT} END)"""

_ROWS = {
    # Every mint changes its society; its founding wrote the first entries of its accounts.
    "societies": f"SELECT count(DISTINCT a.society_id) FROM accounts a JOIN {_ENTRIES} e ON e.account_id = a.id",
    "lcts": f"SELECT count(*) FROM {_LCTS} found",
    "accounts": f"SELECT count(DISTINCT account_id) FROM {_ENTRIES} e",
    "ledger_entries": f"SELECT count(*) FROM {_ENTRIES} e",
    "attestations": f"""SELECT count(*) FROM attestations a
        WHERE coalesce(pg_xact_commit_timestamp(a.xmin) <= {_MOMENT}, true)""",
    "audit_entries": f"SELECT count(*) FROM audit_entries a WHERE {_COMMITTED.format('a')}",
    # Set again it changes, but each setting is in the audit trail.
    "standing": f"""SELECT count(*) FROM standing s
        WHERE coalesce(pg_xact_commit_timestamp(s.xmin) <= {_MOMENT}, true) OR EXISTS (
            SELECT FROM audit_entries a
            WHERE a.action = 'standing' AND a.subject = s.lct_id AND {_COMMITTED.format("a")})""",
}
"""Not `idempotency`: those answers are kept for a day and then deleted, so a later look finds fewer."""

_LEDGER = f"SELECT id, transfer_id, account_id, amount, reason, reference, created_at FROM {_ENTRIES} e ORDER BY id"
_NEWEST = f"""SELECT lct_id || ' ' || public_key || ' ' || created_at FROM {_LCTS} found
    ORDER BY created_at DESC, lct_id DESC LIMIT 1"""

EVERYTHING = "infinity"
"""In place of a time: all that is there."""


@dataclass(frozen=True)
class Contents:
    """What a registry held.

    `rows` by table, `ledger` the SHA-256 of its entries in order, `newest_lct` with its key and time ("" if none).
    """

    rows: dict[str, int]
    ledger: str
    newest_lct: str


async def contents(database: Database, moment: datetime | str) -> Contents:
    """What the registry held at `moment` (an aware time, or EVERYTHING), read in one snapshot.

    Raises DatabaseUnavailable.
    """
    when = {"moment": moment if isinstance(moment, str) else moment.isoformat()}
    async with database.snapshot() as connection:
        # The session's zone is part of the text of a time.
        await connection.execute(text("SET LOCAL timezone = 'UTC'"))
        return Contents(
            rows={table: await connection.scalar(text(query), when) for table, query in _ROWS.items()},
            ledger=await _checksum(connection, when),
            newest_lct=await connection.scalar(text(_NEWEST), when) or "",
        )


async def _checksum(connection: AsyncConnection, when: dict[str, str]) -> str:
    digest = hashlib.sha256()
    async with connection.stream(text(_LEDGER), when) as entries:
        async for entry in entries:
            digest.update(json.dumps([str(value) for value in entry]).encode())
    return digest.hexdigest()
