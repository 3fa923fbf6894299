"""Mint one LCT: registry, price, fee, grant, counter and idempotency record in one transaction, or nothing at all.

The transaction is three statements, as a society's mints queue behind each other's round trips: one locks the society,
one reads all that is judged, one writes.

Locks are always taken in the same order (the society's row, shares of LCTs, then accounts by rising id), so that
concurrent mints queue and never deadlock.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity import problems
from web4_identity.db.engine import Database
from web4_identity.db.freshness import require_fresh_binding
from web4_identity.db.idempotency import Attempt, conflict, key_taken, recalled
from web4_identity.db.mint_state import MintState, lock_society, read_state
from web4_identity.db.mint_write import write_mint
from web4_identity.db.revocation import payer_revoked
from web4_identity.db.violations import violated_key
from web4_identity.db.witnesses import WitnessPolicy, attestation_row, nonce_used, require_witnesses
from web4_identity.domain.attestation import Attestation, Birth, Testimony
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

    @property
    def witness_ids(self) -> list[str]:
        """The LCT ids of the witnesses."""
        return [testimony.lct_id for testimony in self.witnesses]

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
        if violated_key(error):
            raise _duplicate() from None
        raise


async def _mint_once(
    connection: AsyncConnection, order: MintOrder, policy: MintPolicy, attempt: Attempt
) -> tuple[Minted, bool]:
    society = await lock_society(connection, order.society)
    if society is None:
        raise Problem(problems.SOCIETY_NOT_FOUND, "no society of this name is registered")
    new_id = lct_id(from_multikey(order.public_key))
    state = await read_state(
        connection,
        society.id,
        attempt,
        new_id=new_id,
        identifier=order.entity_identifier,
        witnesses=order.witness_ids,
    )
    if state.recorded is not None:
        return Minted(**recalled(attempt, *state.recorded)), False
    now = datetime.now(UTC)
    attested = _judge(state, order, policy, attempt.payer, now)
    price = _payable(state, policy, society.lct_count)
    certificate = birth_certificate(
        order.entity_type, society.founder, [testimony.lct_id for testimony, _ in attested], now
    )
    minted = Minted(new_id, certificate, now.isoformat(), price, state.payer.balance - price, policy.grant)
    await _write(connection, society.id, order, attempt, state, attested, minted, now)
    return minted, True


def _judge(
    state: MintState, order: MintOrder, policy: MintPolicy, payer: str, now: datetime
) -> list[tuple[Testimony, Attestation]]:
    """Refuse what may not be minted, whatever it costs; give the verified attestations."""
    # Judged here and not with the proof's signature: a late repeat of a mint must get its first answer.
    require_fresh_binding(order.binding_created_at, now, policy.binding_skew)
    # Its proof was checked before this transaction, which may have waited long for the society.
    if state.payer_revoked_at is not None:
        raise payer_revoked()
    _refuse_duplicate(state)
    return require_witnesses(state.members, order.birth(payer), order.witnesses, policy.witnesses, now)


def _refuse_duplicate(state: MintState) -> None:
    if state.duplicate:
        raise _duplicate()


def _payable(state: MintState, policy: MintPolicy, minted: int) -> int:
    """The price in ATP, which the payer has, as the pool has the grant."""
    price = _price(policy, minted)
    if state.payer.balance < price:
        raise Problem(
            problems.INSUFFICIENT_ATP,
            f"the mint costs {price} ATP and the caller has {state.payer.balance}",
            atp_cost=price,
            caller_atp_balance=state.payer.balance,
        )
    if state.pool.balance + price < policy.grant:
        raise Problem(problems.POOL_EXHAUSTED, f"the society's pool cannot pay the grant of {policy.grant} ATP")
    return price


async def _write(
    connection: AsyncConnection,
    society_id: int,
    order: MintOrder,
    attempt: Attempt,
    state: MintState,
    attested: list[tuple[Testimony, Attestation]],
    minted: Minted,
    now: datetime,
) -> None:
    values = {
        "lct_id": minted.lct_id,
        "society_id": society_id,
        "entity_type": order.entity_type.value,
        "entity_identifier": order.entity_identifier,
        "public_key": order.public_key,
        "parent_org": order.parent_org,
        "witnesses": order.witness_ids,
        "birth_certificate": minted.birth_certificate,
        "binding_created_at": order.binding_created_at,
        "binding_proof": order.binding_proof,
        "metadata": order.metadata,
        "created_at": now,
        "payer_account": state.payer.id,
        "pool_account": state.pool.id,
        "price": minted.atp_cost,
        "grant": minted.granted,
        "mint_fee": uuid4(),
        "mint_grant": uuid4(),
        "detail": {"society": order.society, "atp_cost": minted.atp_cost},
        "payer": attempt.payer,
        "key": attempt.key,
        "request_sha256": attempt.request_sha256,
        "answer": asdict(minted),
    }
    await write_mint(connection, values, [attestation_row(*each) for each in attested])


def _price(policy: MintPolicy, minted: int) -> int:
    try:
        return mint_price(policy.base_cost, policy.scale_factor, minted)
    except PriceTooHigh:
        raise Problem(
            problems.PRICE_LIMIT, f"the society has grown until its next mint would cost more than {MAX_ATP} ATP"
        ) from None


def _duplicate() -> Problem:
    return Problem(problems.DUPLICATE, "this public key, or this entity_identifier in this society, is already minted")
