"""Mint one LCT: registry, price, fee, grant, counter and idempotency record in one transaction, or nothing at all.

Locks are always taken in the same order (the society's row, shares of LCTs, then accounts by rising id), so that
concurrent mints queue and never deadlock.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity import problems
from web4_identity.db.audit import audit_entry
from web4_identity.db.engine import Database
from web4_identity.db.idempotency import Attempt, conflict, key_taken, recall, remember
from web4_identity.db.ledger import open_account, transfer
from web4_identity.db.registry import insert_lct
from web4_identity.db.revocation import refuse_revoked
from web4_identity.db.tables import accounts, lcts, societies
from web4_identity.db.witnesses import WitnessPolicy, nonce_used, remember_attestations, require_witnesses
from web4_identity.domain.attestation import Birth, Testimony
from web4_identity.domain.document import birth_certificate
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import from_multikey, lct_id
from web4_identity.domain.pricing import MAX_ATP, PriceTooHigh, mint_price
from web4_identity.problems import Problem


@dataclass(frozen=True)
class MintPolicy:
    """What minting costs and gives, in ATP (guide, ATP Configuration), and what else it asks.

    `binding_skew` is how far a binding's time may be off.
    """

    base_cost: int
    scale_factor: Fraction
    grant: int
    binding_skew: timedelta
    witnesses: WitnessPolicy


@dataclass(frozen=True)
class MintOrder:
    """A validated wish to mint. `public_key` is a Multikey z6Mk..., `witnesses` are of distinct LCTs.

    `binding_proof` is verified for the type and the key, `binding_created_at` is the RFC 3339 time it signs.
    """

    entity_type: EntityType
    entity_identifier: str
    society: str
    public_key: str
    binding_proof: str
    binding_created_at: str
    witnesses: list[Testimony] = field(default_factory=list)
    parent_org: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def birth(self, payer: str) -> Birth:
        """What a witness attests when `payer` (an LCT id) pays."""
        return Birth(
            payer,
            self.society,
            self.entity_type,
            self.entity_identifier,
            self.public_key,
            self.parent_org,
            self.metadata,
        )


@dataclass(frozen=True)
class Minted:
    """A mint that is committed. Amounts are ATP; `created_at` is an aware UTC time in ISO 8601.

    Kept as JSON under its Idempotency-Key: a member added later needs a default.
    """

    lct_id: str
    birth_certificate: dict[str, Any] | None
    created_at: str
    atp_cost: int
    caller_atp_remaining: int
    granted: int


async def mint(database: Database, order: MintOrder, policy: MintPolicy, attempt: Attempt) -> tuple[Minted, bool]:
    """Mint the LCT of `order` for `attempt.payer`, and give what was committed and whether this call did it.

    A repeated attempt gives what the first one committed, and changes nothing. Raises Problem (404 society, 403
    payer revoked, 409 duplicate, witnesses, price limit or pool, 402 balance, 422 key used for another request), after
    which everything is as it was; DatabaseUnavailable.
    """
    try:
        async with database.transaction() as connection:
            return await _mint_once(connection, order, policy, attempt)
    except IntegrityError as error:
        # The two requests name different societies, or the lock would have put them one after the other.
        if key_taken(error):
            raise conflict() from None
        if nonce_used(error):
            raise Problem(problems.WITNESS_ATTESTATION, "a witness used this attestation's nonce before") from None
        # Two mints of one key in different societies hold different locks: the unique index decides between them.
        if getattr(error.orig, "sqlstate", None) == "23505":
            raise _duplicate() from None
        raise


async def _mint_once(
    connection: AsyncConnection, order: MintOrder, policy: MintPolicy, attempt: Attempt
) -> tuple[Minted, bool]:
    society = (
        await connection.execute(
            select(societies.c.id, societies.c.founder, societies.c.lct_count)
            .where(societies.c.name == order.society)
            .with_for_update()
        )
    ).one_or_none()
    if society is None:
        raise Problem(problems.SOCIETY_NOT_FOUND, "no society of this name is registered")
    before = await recall(connection, attempt)
    if before is not None:
        return Minted(**before), False
    minted = await _mint(connection, order, policy, attempt.payer, society)
    await remember(connection, attempt, asdict(minted))
    return minted, True


async def _mint(
    connection: AsyncConnection, order: MintOrder, policy: MintPolicy, payer_id: str, society: Any
) -> Minted:
    now = datetime.now(UTC)
    # Judged here and not with the proof's signature: a late repeat of a mint must get its first answer.
    if abs(now - datetime.fromisoformat(order.binding_created_at)) > policy.binding_skew:
        raise Problem(problems.BINDING_PROOF, f"created_at is more than {policy.binding_skew.seconds} s from now")
    # Its proof was checked before this transaction, which may have waited long for the society.
    await refuse_revoked(connection, payer_id)
    new_id = lct_id(from_multikey(order.public_key))
    await _refuse_duplicate(connection, society.id, new_id, order.entity_identifier)
    attested = await require_witnesses(
        connection, society.id, order.birth(payer_id), order.witnesses, policy.witnesses, now
    )
    witnesses = [testimony.lct_id for testimony in order.witnesses]

    payer, pool = await _lock_accounts(connection, society.id, payer_id)
    price = _price(policy, society.lct_count)
    if payer.balance < price:
        raise Problem(
            problems.INSUFFICIENT_ATP,
            f"the mint costs {price} ATP and the caller has {payer.balance}",
            atp_cost=price,
            caller_atp_balance=payer.balance,
        )
    if pool.balance + price < policy.grant:
        raise Problem(problems.POOL_EXHAUSTED, f"the society's pool cannot pay the grant of {policy.grant} ATP")

    certificate = birth_certificate(order.entity_type, society.founder, witnesses, now)
    await insert_lct(
        connection,
        {
            "lct_id": new_id,
            "society_id": society.id,
            "entity_type": order.entity_type.value,
            "entity_identifier": order.entity_identifier,
            "public_key": order.public_key,
            "parent_org": order.parent_org,
            "witnesses": witnesses,
            "birth_certificate": certificate,
            "binding_created_at": order.binding_created_at,
            "binding_proof": order.binding_proof,
            "metadata": order.metadata,
            "genesis": False,
            "created_at": now,
        },
    )
    await remember_attestations(connection, new_id, attested)
    account = await open_account(connection, kind="lct", society_id=society.id, lct_id=new_id)
    about = {"reference": new_id, "now": now}
    await transfer(connection, source=payer.id, target=pool.id, amount=price, reason="mint_fee", **about)
    await transfer(connection, source=pool.id, target=account, amount=policy.grant, reason="mint_grant", **about)
    await connection.execute(
        update(societies).where(societies.c.id == society.id).values(lct_count=societies.c.lct_count + 1)
    )
    await connection.execute(
        audit_entry("mint", actor=payer_id, subject=new_id, now=now, society=order.society, atp_cost=price)
    )
    return Minted(new_id, certificate, now.isoformat(), price, payer.balance - price, policy.grant)


def _price(policy: MintPolicy, minted: int) -> int:
    try:
        return mint_price(policy.base_cost, policy.scale_factor, minted)
    except PriceTooHigh:
        raise Problem(
            problems.PRICE_LIMIT, f"the society has grown until its next mint would cost more than {MAX_ATP} ATP"
        ) from None


def _duplicate() -> Problem:
    return Problem(problems.DUPLICATE, "this public key, or this entity_identifier in this society, is already minted")


async def _refuse_duplicate(connection: AsyncConnection, society_id: int, new_id: str, identifier: str) -> None:
    same_name = and_(lcts.c.society_id == society_id, lcts.c.entity_identifier == identifier)
    found = await connection.execute(select(lcts.c.lct_id).where(or_(lcts.c.lct_id == new_id, same_name)).limit(1))
    if found.first() is not None:
        raise _duplicate()


async def _lock_accounts(connection: AsyncConnection, society_id: int, payer: str) -> tuple[Any, Any]:
    """Lock the payer's account and the society's pool, by rising id, and give both with their balances."""
    pool_of_society = and_(accounts.c.society_id == society_id, accounts.c.kind == "pool")
    rows = (
        await connection.execute(
            select(accounts.c.id, accounts.c.kind, accounts.c.balance)
            .where(or_(accounts.c.lct_id == payer, pool_of_society))
            .order_by(accounts.c.id)
            .with_for_update()
        )
    ).all()
    by_kind = {row.kind: row for row in rows}
    return by_kind["lct"], by_kind["pool"]
