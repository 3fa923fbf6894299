"""Move ATP between accounts: double entry, whole units, nothing created or lost."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import accounts, ledger_entries


async def transfer(
    connection: AsyncConnection,
    *,
    source: int,
    target: int,
    amount: int,
    reason: str,
    reference: str,
    now: datetime,
) -> None:
    """Move `amount` ATP (0 moves nothing) from account id `source` to account id `target`.

    The caller holds locks on both accounts and has checked the balance; the table's own check refuses an overdraft
    all the same. `reason` is a short word, `reference` the LCT id or society the transfer is about.
    Raises ValueError for a negative amount, sqlalchemy's IntegrityError for an overdraft.
    """
    if amount < 0:
        raise ValueError("a transfer moves zero ATP or more")
    if amount == 0:
        return
    transfer_id = uuid4()
    for account, signed in ((source, -amount), (target, amount)):
        await connection.execute(
            update(accounts).where(accounts.c.id == account).values(balance=accounts.c.balance + signed)
        )
    await connection.execute(
        insert(ledger_entries),
        [
            {
                "transfer_id": transfer_id,
                "account_id": account,
                "amount": signed,
                "reason": reason,
                "reference": reference,
                "created_at": now,
            }
            for account, signed in ((source, -amount), (target, amount))
        ],
    )


async def open_account(connection: AsyncConnection, *, kind: str, society_id: int, lct_id: str | None = None) -> int:
    """Open an empty account of kind "lct", "pool" or "issuance" and give its id."""
    row = await connection.execute(
        insert(accounts).values(kind=kind, society_id=society_id, lct_id=lct_id, balance=0).returning(accounts.c.id)
    )
    account: int = row.scalar_one()
    return account
