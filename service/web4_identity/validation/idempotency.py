"""Class idempotency: one key, one mint, one charge."""

import secrets

from web4_identity.validation.answer import Outcome, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party

CLASS = "idempotency"
CONFLICT = refusal(422, "IDEMPOTENCY_CONFLICT")
AT_ONCE = 4


def attacks() -> list[Attack]:
    """The attacks of this class."""
    return [
        Attack(CLASS, "same key, other body", "a second order under a used key", str(CONFLICT), _other_body),
        Attack(CLASS, "same key at once", f"one order {AT_ONCE} times at once", "one LCT, one charge", _at_once),
    ]


async def _other_body(bed: Bed) -> Outcome:
    key, subject = secrets.token_urlsafe(16), Party.new()
    first = await bed.mint(bed.order(Party.new()), key=key)
    if first.status != 201:
        return Outcome(f"first {first}", False)
    return await bed.judge(await bed.mint(bed.order(subject), key=key), [CONFLICT], subject)


async def _at_once(bed: Bed) -> Outcome:
    key, body = secrets.token_urlsafe(16), bed.order(Party.new())
    answers = await bed.at_once([bed.mint(body, key=key) for _ in range(AT_ONCE)])
    same = all(answer.status == 201 for answer in answers) and len({answer.text for answer in answers}) == 1
    # A later mint shows what was charged.
    wrong = await bed.overcharge()
    return Outcome(", ".join([*map(str, answers), *([wrong] if wrong else [])]), same and not wrong)
