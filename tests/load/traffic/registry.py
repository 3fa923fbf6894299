"""What registry and ledger hold of a run's societies."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Lct:
    """An LCT that was minted (no society's founder)."""

    lct_id: str
    society: str
    public_key: str
    revoked: bool


@dataclass(frozen=True)
class Charge:
    """A fee that a payer paid for the LCT `lct_id`, in ATP."""

    lct_id: str
    payer: str
    price: int


@dataclass(frozen=True)
class Registry:
    """All of it at one moment.

    Attributes:
        societies: their names.
        lcts: who was minted in them.
        charges: every fee that their founders paid.
        keys: the LCT id that each payer's Idempotency-Key was answered with.
        violations: what `web4-identity ledger verify` says is wrong, of all societies.
    """

    societies: tuple[str, ...] = ()
    lcts: tuple[Lct, ...] = ()
    charges: tuple[Charge, ...] = ()
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    violations: tuple[str, ...] = ()


# One statement, and so one state of the database. %s is the beginning of the societies' names, hexadecimal and dashes.
QUERY = """
WITH ours AS (SELECT id, name FROM societies WHERE name LIKE '%s-%%')
SELECT json_build_object(
    'societies', (SELECT coalesce(json_agg(name), '[]') FROM ours),
    'lcts', (SELECT coalesce(json_agg(json_build_array(lct_id, name, public_key, revoked_at IS NOT NULL)), '[]')
             FROM lcts JOIN ours ON ours.id = society_id WHERE NOT genesis),
    'charges', (SELECT coalesce(json_agg(json_build_array(reference, lct_id, -amount)), '[]')
                FROM ledger_entries JOIN accounts ON accounts.id = account_id JOIN ours ON ours.id = society_id
                WHERE reason = 'mint_fee' AND amount < 0),
    'keys', (SELECT coalesce(json_agg(json_build_array(payer, key, answer->>'lct_id')), '[]')
             FROM idempotency JOIN lcts ON lcts.lct_id = payer JOIN ours ON ours.id = society_id))
"""


def read_registry(run: str, sql: Callable[[str], str], verify: Callable[[], list[str]]) -> Registry:
    """Return what the societies of `run` hold.

    Args:
        run: what their names begin with.
        sql: asks the primary, and gives its answer as text.
        verify: gives the lines of the ledger's verifier, none when it is sound.
    """
    found = json.loads(sql(QUERY % run))
    return Registry(
        tuple(found["societies"]),
        tuple(Lct(*row) for row in found["lcts"]),
        tuple(Charge(*row) for row in found["charges"]),
        {(payer, key): lct_id for payer, key, lct_id in found["keys"]},
        tuple(verify()),
    )
