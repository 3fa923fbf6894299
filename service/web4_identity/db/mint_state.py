"""What a mint is judged by, read in one statement under the society's lock, with every further lock that it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.idempotency import Attempt
from web4_identity.db.tables import accounts, idempotency, lcts, societies
from web4_identity.db.witnesses import candidates


@dataclass(frozen=True)
class Account:
    """An account's id and its balance in ATP, which is locked."""

    id: int
    balance: int


@dataclass(frozen=True)
class MintState:
    """`recorded` is the (request_sha256, answer) of the attempt's Idempotency-Key, if any.

    `payer_revoked_at` is None for an active payer, `duplicate` says that the key or the identifier is minted already,
    `members` are the witnesses that are LCTs of the society, by id, with the columns of candidates().
    """

    recorded: tuple[bytes, dict[str, Any]] | None
    payer_revoked_at: datetime | None
    duplicate: bool
    payer: Account
    pool: Account
    members: dict[str, Mapping[Any, Any]]


async def lock_society(connection: AsyncConnection, name: str) -> Row[*tuple[Any, ...]] | None:
    """Wait for the mints of the society under way; give its `id`, `founder` and `lct_count`, or None."""
    return (await connection.execute(_LOCK, {"name": name})).one_or_none()


async def read_state(
    connection: AsyncConnection,
    society_id: int,
    attempt: Attempt,
    *,
    new_id: str,
    identifier: str,
    witnesses: Sequence[str],
) -> MintState:
    """Read everything about a mint of LCT `new_id` under `identifier` in a society that is locked.

    Until the transaction ends neither the payer nor a witness (LCT ids) is revoked, and both balances stay.
    """
    values = {
        "society_id": society_id,
        "payer": attempt.payer,
        "key": attempt.key,
        "new_id": new_id,
        "identifier": identifier,
    }
    if witnesses:
        values["witnesses"] = witnesses
    rows = (await connection.execute(_query(bool(witnesses)), values)).mappings().all()
    first = rows[0]
    return MintState(
        recorded=None if first["request_sha256"] is None else (first["request_sha256"], first["answer"]),
        payer_revoked_at=first["payer_revoked_at"],
        duplicate=first["duplicate"],
        payer=Account(first["payer_account"], first["payer_balance"]),
        pool=Account(first["pool_account"], first["pool_balance"]),
        members={row["lct_id"]: row for row in rows if row["lct_id"] is not None} if witnesses else {},
    )


_LOCK = (
    select(societies.c.id, societies.c.founder, societies.c.lct_count)
    .where(societies.c.name == bindparam("name"))
    .with_for_update()
)


@cache
def _query(witnessed: bool) -> Select[Any]:
    """One row, or one for each witness that is a member. Made once: making it takes longer than sending it."""
    society_id: BindParameter[Any] = bindparam("society_id")
    payer_id: BindParameter[Any] = bindparam("payer")
    wanted = lcts.c.lct_id == payer_id
    member = and_(lcts.c.society_id == society_id, lcts.c.lct_id.in_(bindparam("witnesses", expanding=True)))
    columns: list[ColumnElement[Any]] = [lcts.c.lct_id, lcts.c.public_key, lcts.c.revoked_at, lcts.c.created_at]
    if witnessed:
        wanted = or_(wanted, member)
        columns.append(member.label("member"))
    shared = select(*columns).where(wanted).with_for_update(read=True).cte("shared")
    # Constants and not parameters, so that a plan made once for all values can use the partial index.
    lct: ColumnElement[str] = literal_column("'lct'")
    pool: ColumnElement[str] = literal_column("'pool'")
    pool_of_society = and_(accounts.c.society_id == society_id, accounts.c.kind == pool)
    locked = (
        select(accounts.c.id, accounts.c.kind, accounts.c.balance)
        .where(or_(accounts.c.lct_id == payer_id, pool_of_society))
        # Counted first: accounts are locked after LCTs are.
        .where(select(func.count()).select_from(shared).scalar_subquery() > 0)
        .order_by(accounts.c.id)
        .with_for_update()
        .cte("locked")
    )
    payer, payers, pools = shared.alias("payer"), locked.alias("payers"), locked.alias("pools")
    same_name = and_(lcts.c.society_id == society_id, lcts.c.entity_identifier == bindparam("identifier"))
    record = and_(idempotency.c.payer == payer_id, idempotency.c.key == bindparam("key"))
    query = (
        select(
            idempotency.c.request_sha256,
            idempotency.c.answer,
            payer.c.revoked_at.label("payer_revoked_at"),
            exists().where(or_(lcts.c.lct_id == bindparam("new_id"), same_name)).label("duplicate"),
            payers.c.id.label("payer_account"),
            payers.c.balance.label("payer_balance"),
            pools.c.id.label("pool_account"),
            pools.c.balance.label("pool_balance"),
        )
        .select_from(payer)
        .join(payers, payers.c.kind == lct)
        .join(pools, pools.c.kind == pool)
        .outerjoin(idempotency, record)
        .where(payer.c.lct_id == payer_id)
    )
    if not witnessed:
        return query
    members = shared.alias("members")
    witness = candidates(members).where(members.c.member).subquery("witness")
    return query.add_columns(*witness.c).outerjoin(witness, true())
