"""Class duplicate: one public key, and one identifier in a society, is born once."""

import secrets

from web4_identity.validation.answer import Answer, Outcome, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party

CLASS = "duplicate"
DUPLICATE = refusal(409, "DUPLICATE")
AT_ONCE = 4


def attacks() -> list[Attack]:
    """The attacks of this class."""
    exactly_one = f"one 201, {AT_ONCE - 1} times {DUPLICATE}"
    return [
        Attack(CLASS, "same public key", "a minted key under another identifier", str(DUPLICATE), _same_key),
        Attack(CLASS, "same identifier", "a minted identifier for another key", str(DUPLICATE), _same_identifier),
        Attack(CLASS, "same public key at once", f"{AT_ONCE} mints at once", exactly_one, _keys_at_once),
        Attack(CLASS, "same identifier at once", f"{AT_ONCE} mints at once", exactly_one, _identifiers_at_once),
    ]


async def _same_key(bed: Bed) -> Outcome:
    return await bed.judge(await bed.mint(bed.order(bed.registered)), [DUPLICATE])


async def _same_identifier(bed: Bed) -> Outcome:
    subject = Party.new()
    body = bed.order(subject, entity_identifier=bed.registered_identifier)
    return await bed.judge(await bed.mint(body), [DUPLICATE], subject)


async def _keys_at_once(bed: Bed) -> Outcome:
    subject = Party.new()
    return _one_born(await bed.at_once([bed.mint(bed.order(subject)) for _ in range(AT_ONCE)]))


async def _identifiers_at_once(bed: Bed) -> Outcome:
    name = f"validate-{secrets.token_hex(8)}"
    orders = [bed.order(Party.new(), entity_identifier=name) for _ in range(AT_ONCE)]
    return _one_born(await bed.at_once([bed.mint(order) for order in orders]))


def _one_born(answers: list[Answer]) -> Outcome:
    born = sum(answer.status == 201 for answer in answers)
    refused = sum(DUPLICATE.matches(answer) for answer in answers)
    return Outcome(", ".join(sorted(map(str, answers))), (born, refused) == (1, len(answers) - 1))
