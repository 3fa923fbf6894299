"""What founding a society asks for, and the rows it makes: the only place where ATP comes into being."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.audit import audit_entry
from web4_identity.db.ledger import open_account, transfer
from web4_identity.db.locks import lock
from web4_identity.db.registry import insert_lct, public_key_of
from web4_identity.db.standing import Standing, put_standing
from web4_identity.db.tables import societies
from web4_identity.domain.binding import read_proof
from web4_identity.domain.cose import StatementRefused
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import from_multikey, lct_id
from web4_identity.domain.pricing import MAX_ATP
from web4_identity.domain.societies import is_society_name

FOUNDER_GRANTS = 10
POOL_GRANTS = 1000
FOUNDER_IDENTIFIER = "founder"

# Any fixed number; migrations use another, so that one never waits for the other.
_FOUNDING_LOCK = 0x57454234_0002


class GenesisRefused(Exception):
    """The society cannot be founded as asked. The message says why."""


class SocietyExists(GenesisRefused):
    """Another society has the name."""


class KeyTaken(GenesisRefused):
    """A public key has an LCT already."""


class ProofRefused(GenesisRefused):
    """The founder's binding proof does not hold; `reason` says why not."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the founder's binding proof is not usable: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class FirstWitnesses:
    """The humans that a society begins with, by public key (z6Mk...), and the standing and ATP that each gets."""

    public_keys: tuple[str, ...]
    standing: Standing
    funds: int = 0


@dataclass(frozen=True)
class Founding:
    """A checked wish to found a society; amounts are ATP.

    `binding_created_at` is the time that `binding_proof` signs; both are None without a proof.
    """

    name: str
    founder_public_key: str
    founder_funds: int
    pool_funds: int
    binding_proof: str | None
    binding_created_at: str | None
    witnesses: FirstWitnesses | None

    @property
    def founder(self) -> str:
        """The founder's LCT id."""
        return lct_id(from_multikey(self.founder_public_key))

    @classmethod
    def checked(
        cls,
        *,
        name: str,
        founder_public_key: str,
        grant: int,
        founder_funds: int | None = None,
        pool_funds: int | None = None,
        binding_proof: str | None = None,
        witnesses: FirstWitnesses | None = None,
    ) -> "Founding":
        """Check every value; funds that are None are FOUNDER_GRANTS and POOL_GRANTS times `grant`.

        How old a proof is, is for the caller to judge. Raises GenesisRefused (ProofRefused).
        """
        if not is_society_name(name):
            raise GenesisRefused("a society's name is 1 to 256 printable characters without spaces around")
        bound_at = _bound_at(founder_public_key, binding_proof)
        founder_funds = FOUNDER_GRANTS * grant if founder_funds is None else founder_funds
        pool_funds = POOL_GRANTS * grant if pool_funds is None else pool_funds
        amounts = [founder_funds, pool_funds]
        if witnesses is not None:
            _check_keys(founder_public_key, witnesses.public_keys)
            amounts += [witnesses.funds] * len(witnesses.public_keys)
        if min(amounts) < 0 or sum(amounts) > MAX_ATP:
            raise GenesisRefused(f"the funds must be 0 or more, together at most {MAX_ATP} ATP")
        return cls(name, founder_public_key, founder_funds, pool_funds, binding_proof, bound_at, witnesses)


async def lock_foundings(connection: AsyncConnection) -> None:
    """Let only one founding go on at a time, until the transaction ends."""
    await lock(connection, _FOUNDING_LOCK)


async def society_named(connection: AsyncConnection, name: str) -> Row[*tuple[Any, ...]] | None:
    """The `id` and `founder` of a society, or None."""
    query = select(societies.c.id, societies.c.founder).where(societies.c.name == name)
    return (await connection.execute(query)).one_or_none()


async def create_society(connection: AsyncConnection, founding: Founding, *, actor: str | None) -> datetime:
    """Make the society, its founder's LCT, its pool, its ATP and its first witnesses, and give the time of it.

    All ATP comes from the society's issuance account, whose negative balance is what is in circulation, so that the
    ledger sums to zero. The founder's LCT (organization, identifier "founder") and those of the witnesses (human,
    "witness-1" and on) do not count as minted: the first mint costs the base price. `actor` is the operator's LCT id,
    None on the command line.

    The caller holds lock_foundings() and knows that the name is free. Raises KeyTaken.
    """
    now = datetime.now(UTC)
    founder, first = founding.founder, founding.witnesses
    for public_key in (founding.founder_public_key, *(first.public_keys if first else ())):
        if await public_key_of(connection, lct_id(from_multikey(public_key))) is not None:
            raise _key_taken(public_key)
    society_id = (
        await connection.execute(
            insert(societies)
            .values(name=founding.name, founder=founder, lct_count=0, created_at=now)
            .returning(societies.c.id)
        )
    ).scalar_one()
    issuance = await open_account(connection, kind="issuance", society_id=society_id)
    pool = await open_account(connection, kind="pool", society_id=society_id)
    about: dict[str, Any] = {"reference": founding.name, "now": now}
    await transfer(connection, source=issuance, target=pool, amount=founding.pool_funds, reason="genesis_pool", **about)
    account = await _add_lct(
        connection,
        society_id,
        founding.founder_public_key,
        now,
        entity_type=EntityType.ORGANIZATION.value,
        entity_identifier=FOUNDER_IDENTIFIER,
        binding_created_at=founding.binding_created_at,
        binding_proof=founding.binding_proof,
    )
    await transfer(
        connection, source=issuance, target=account, amount=founding.founder_funds, reason="genesis_founder", **about
    )
    if first is not None:
        for number, public_key in enumerate(first.public_keys, start=1):
            account = await _add_lct(
                connection,
                society_id,
                public_key,
                now,
                entity_type=EntityType.HUMAN.value,
                entity_identifier=f"witness-{number}",
            )
            await transfer(
                connection, source=issuance, target=account, amount=first.funds, reason="genesis_witness", **about
            )
            witness = lct_id(from_multikey(public_key))
            await put_standing(connection, witness, first.standing, actor=actor, now=now)
    detail = {"society": founding.name, "funds": founding.founder_funds, "pool_funds": founding.pool_funds}
    await connection.execute(audit_entry("found", actor=actor, subject=founder, now=now, **detail))
    return now


async def _add_lct(
    connection: AsyncConnection, society_id: int, public_key: str, now: datetime, **columns: str | None
) -> int:
    """Register an LCT that no mint made, and give the id of its account."""
    new_id = lct_id(from_multikey(public_key))
    row: dict[str, Any] = {
        "lct_id": new_id,
        "society_id": society_id,
        "public_key": public_key,
        "parent_org": None,
        "witnesses": [],
        "metadata": {},
        "genesis": True,
        "created_at": now,
        **columns,
    }
    try:
        await insert_lct(connection, row)
    except IntegrityError:
        # A mint takes other locks: one of the same key may have come between.
        raise _key_taken(public_key) from None
    return await open_account(connection, kind="lct", society_id=society_id, lct_id=new_id)


def _key_taken(public_key: str) -> KeyTaken:
    return KeyTaken(f"the public key already has an LCT, {lct_id(from_multikey(public_key))}")


def _bound_at(public_key: str, proof: str | None) -> str | None:
    try:
        from_multikey(public_key)
    except ValueError as error:
        raise GenesisRefused(f"the founder's public key is not usable: {error}") from None
    if proof is None:
        return None
    try:
        return read_proof(proof, EntityType.ORGANIZATION, public_key)
    except StatementRefused as error:
        raise ProofRefused(str(error)) from None


def _check_keys(founder: str, witnesses: tuple[str, ...]) -> None:
    for public_key in witnesses:
        try:
            from_multikey(public_key)
        except ValueError as error:
            raise GenesisRefused(f"a witness's public key {public_key[:64]!r} is not usable: {error}") from None
    if len({founder, *witnesses}) != 1 + len(witnesses):
        raise GenesisRefused("founder and witnesses must have different public keys")
