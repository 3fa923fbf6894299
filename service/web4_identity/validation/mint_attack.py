"""The commonest attack: one spoiled mint, which must be refused and leave no LCT behind."""

from collections.abc import Callable
from typing import Any

from web4_identity.validation.answer import Outcome, Refusal, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party

INVALID = refusal(422, "VALIDATION")
WAF = refusal(403, "WAF")
"""A firewall in front (the edge's) may know an attack by its text or its form, before the service looks at it."""
UNREADABLE = (INVALID, refusal(400, "BAD_REQUEST"), WAF)


def spoiled_mint(
    klass: str,
    name: str,
    sends: str,
    *expected: Refusal,
    body: Callable[[Bed, Party], dict[str, Any] | bytes] = lambda bed, subject: bed.order(subject),
    how: Callable[[Bed], dict[str, Any]] = lambda bed: {},
) -> Attack:
    """A mint of `body` for a new subject, sent with Bed.mint's options `how`."""

    async def run(bed: Bed) -> Outcome:
        subject = Party.new()
        answer = await bed.mint(body(bed, subject), **how(bed))
        return await bed.judge(answer, expected, subject)

    return Attack(klass, name, sends, " or ".join(map(str, expected)), run)


def changed(**fields: Any) -> Callable[[Bed, Party], dict[str, Any]]:
    """A body with these fields changed."""
    return lambda bed, subject: bed.order(subject, **fields)
