"""Class rate limit: the request over the limit is refused, whatever it says of its origin. Comes last: it blocks."""

import asyncio

from web4_identity.validation.answer import Answer, Outcome, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import MINT_PATH

CLASS = "rate limit"
LIMITED = refusal(429, "RATE_LIMITED")
_ABSENT = "/v1/lct/lct:web4:absent"
_AT_ONCE = 20
_TRIES = 3
_ORIGINS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP")


def attacks() -> list[Attack]:
    """The attacks of this class; the first fills the limit for those after it."""
    made = [Attack(CLASS, "over the limit", "more reads than the limit", f"{LIMITED}, Retry-After", _flood)]
    made += [_spoofed(name) for name in _ORIGINS]
    made.append(Attack(CLASS, "mint over the limit", "an unsigned mint", str(LIMITED), _mint))
    return made


async def _flood(bed: Bed) -> Outcome:
    served = 0
    while served <= bed.limit:
        answers = await asyncio.gather(*(_ask(bed) for _ in range(min(_AT_ONCE, bed.limit + 1))))
        limited = [answer for answer in answers if LIMITED.matches(answer)]
        served += len(answers) - len(limited)
        if limited and served <= bed.limit:
            told = all(answer.headers.get("retry-after", "").isdecimal() for answer in limited)
            return Outcome(f"{limited[0]}{'' if told else ' without Retry-After'}", told)
    return Outcome(f"{served} served", False)


def _spoofed(header: str) -> Attack:
    """A limited client that names another origin, and another each time."""

    async def run(bed: Bed) -> Outcome:
        # Between filling the limit and the attack the oldest request may leave the window, so one answer says little.
        for number in range(_TRIES):
            await _flood(bed)
            origin = f"192.0.2.{number + 1}"
            answer = await _ask(bed, {header: f"for={origin}" if header == "Forwarded" else origin})
            if LIMITED.matches(answer):
                return Outcome(str(answer), True)
        return Outcome(str(answer), False)

    return Attack(CLASS, f"spoofed {header}", "another origin in a header", str(LIMITED), run)


async def _mint(bed: Bed) -> Outcome:
    for _ in range(_TRIES):
        await _flood(bed)
        answer = await bed.send("POST", MINT_PATH, content=b"{", one_address=True, limit_wanted=True)
        if LIMITED.matches(answer):
            return Outcome(str(answer), True)
    return Outcome(str(answer), False)


async def _ask(bed: Bed, headers: dict[str, str] | None = None) -> Answer:
    return await bed.send("GET", _ABSENT, headers=headers, one_address=True, limit_wanted=True)
