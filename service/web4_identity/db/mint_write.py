"""Write a mint: on Postgres all its changes are one statement, elsewhere one after the other.

The statements are made once and kept, as making them for each mint would take longer than sending them.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Executable,
    Insert,
    ScalarSelect,
    Select,
    Text,
    Update,
    bindparam,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import (
    accounts,
    attestations,
    audit_entries,
    idempotency,
    lcts,
    ledger_entries,
    societies,
)

# Unlike any column's name: SQLAlchemy would take a parameter of that name for the column's value.
_PREFIX = "mint_"
_ENTRY = ("transfer_id", "account_id", "amount", "reason", "reference", "created_at")
_ATTESTATION = ("witness", "nonce", "role", "sig", "ts")


async def write_mint(connection: AsyncConnection, values: dict[str, Any], attested: Sequence[dict[str, Any]]) -> None:
    """Make every change of one mint, in a society and between accounts that are locked.

    `values` has each value that is bound below, by name; `attested` the columns of each attestation but its subject.
    Raises sqlalchemy's IntegrityError when a unique key is taken.
    """
    bound = {_PREFIX + name: value for name, value in values.items()}
    for number, row in enumerate(attested):
        bound |= {f"{_PREFIX}{name}_{number}": value for name, value in row.items()}
    together = connection.dialect.name == "postgresql"
    for statement in _statements(together, len(attested), values["grant"] > 0):
        await connection.execute(statement, bound)


def _bound(column: Column[Any], name: str | None = None) -> BindParameter[Any]:
    return bindparam(_PREFIX + (name or column.name), type_=column.type)


_LCT_ID, _SOCIETY, _NOW = _bound(lcts.c.lct_id), _bound(lcts.c.society_id), _bound(lcts.c.created_at)
_PAYER = _bound(idempotency.c.payer)
_PAYER_ACCOUNT, _POOL_ACCOUNT = (_bound(accounts.c.id, name) for name in ("payer_account", "pool_account"))
_PRICE, _GRANT = (_bound(ledger_entries.c.amount, name) for name in ("price", "grant"))


@cache
def _statements(together: bool, witnesses: int, granted: bool) -> list[Executable]:
    """One statement if `together`, which only Postgres can, for so many witnesses, with a grant or without."""
    opened = insert(accounts).values(kind="lct", lct_id=_LCT_ID, society_id=_SOCIETY, balance=_GRANT)
    if not together:
        # The account is there by the time this is read.
        account = select(accounts.c.id).where(accounts.c.lct_id == _LCT_ID).scalar_subquery()
        return [_lct(), *_attestations(witnesses), opened, *_rest(account, granted)]
    account_opened = opened.returning(accounts.c.id).cte("opened")
    changes = [*_rest(select(account_opened.c.id).scalar_subquery(), granted), *_attestations(witnesses), _lct()]
    # All parts of a statement see the database as it was before, so no row is changed by two of them. Postgres runs the
    # last part first: of two unique keys that a rival takes at once, the refusal names the same as it does elsewhere.
    parts = [account_opened, *(change.cte(f"change_{number}") for number, change in enumerate(changes))]
    return [select(literal_column("1")).add_cte(*parts)]


def _lct() -> Insert:
    columns = [column for column in lcts.c if column.name not in ("revoked_at", "revocation_reason", "genesis")]
    return insert(lcts).values({column: _bound(column) for column in columns} | {lcts.c.genesis: False})


def _attestations(witnesses: int) -> list[Insert]:
    columns = [column for column in attestations.c if column.name != "subject"]
    return [
        insert(attestations).values(
            {column: _bound(column, f"{column.name}_{number}") for column in columns}
            | {attestations.c.subject: _LCT_ID}
        )
        for number in range(witnesses)
    ]


def _rest(account: ScalarSelect[int], granted: bool) -> list[Insert | Update]:
    """Fee and grant, the society's count, the audit entry, and the record of the Idempotency-Key."""
    balance = accounts.c.balance
    entries = _transfer("mint_fee", _PAYER_ACCOUNT, _POOL_ACCOUNT, _PRICE)
    if granted:
        entries += _transfer("mint_grant", _POOL_ACCOUNT, account, _GRANT)
    names = [column.name for column in ledger_entries.c if not column.primary_key]
    audit = {"created_at": _NOW, "actor": _PAYER, "action": "mint", "subject": _LCT_ID}
    record = [idempotency.c.key, idempotency.c.request_sha256, idempotency.c.answer]
    return [
        update(accounts).where(accounts.c.id == _PAYER_ACCOUNT).values(balance=balance - _PRICE),
        update(accounts).where(accounts.c.id == _POOL_ACCOUNT).values(balance=balance + _PRICE - _GRANT),
        insert(ledger_entries).from_select(names, union_all(*entries)),
        update(societies).where(societies.c.id == _SOCIETY).values(lct_count=societies.c.lct_count + 1),
        insert(audit_entries).values(**audit, detail=_bound(audit_entries.c.detail)),
        insert(idempotency).values({idempotency.c.payer: _PAYER} | {column: _bound(column) for column in record}),
    ]


def _transfer(
    reason: str, source: ColumnElement[int], target: ColumnElement[int], amount: BindParameter[Any]
) -> list[Select[Any]]:
    """The two entries of a transfer, with the columns of the table in their order."""
    transfer_id = _bound(ledger_entries.c.transfer_id, reason)
    about = (literal_column(f"'{reason}'", Text), _LCT_ID, _NOW)
    return [select(transfer_id, account, signed, *about) for account, signed in ((source, -amount), (target, amount))]
