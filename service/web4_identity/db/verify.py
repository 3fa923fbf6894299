"""Check the whole ledger, for `web4-identity ledger verify`."""

from sqlalchemy import text

from web4_identity.db.engine import Database

# Each query returns one row per thing that is wrong, already worded.
_CHECKS = (
    """SELECT format('transfer %s: entries sum to %s, not 0', transfer_id, sum(amount))
       FROM ledger_entries GROUP BY transfer_id HAVING sum(amount) <> 0""",
    """SELECT format('account %s (%s): balance %s, entries sum to %s', a.id, a.kind, a.balance, coalesce(e.total, 0))
       FROM accounts a
       LEFT JOIN (SELECT account_id, sum(amount) AS total FROM ledger_entries GROUP BY account_id) e
           ON e.account_id = a.id
       WHERE a.balance <> coalesce(e.total, 0)""",
    """SELECT format('all balances sum to %s, not 0: ATP was created or lost', sum(balance))
       FROM accounts HAVING sum(balance) <> 0""",
    """SELECT format('society %s: counts %s LCTs, has %s that were minted', s.name, s.lct_count, count(l.lct_id))
       FROM societies s LEFT JOIN lcts l ON l.society_id = s.id AND NOT l.genesis
       GROUP BY s.id HAVING s.lct_count <> count(l.lct_id)""",
)


async def verify_ledger(database: Database) -> tuple[list[str], str]:
    """Check transfers, balances, conservation and counters in one snapshot.

    Gives (one line per violation, a summary of what was read). Raises DatabaseUnavailable.
    """
    async with database.snapshot() as connection:
        violations = [line for check in _CHECKS for line in (await connection.execute(text(check))).scalars()]
        summary = await connection.execute(
            text(
                """SELECT format('%s transfers, %s accounts, %s ATP issued',
                   (SELECT count(DISTINCT transfer_id) FROM ledger_entries), count(*),
                   coalesce(-sum(balance) FILTER (WHERE kind = 'issuance'), 0)) FROM accounts"""
            )
        )
        return violations, summary.scalar_one()
