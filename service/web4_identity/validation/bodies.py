"""Class body: more than 10 KiB, declared or streamed, and bodies that never end."""

import asyncio
import time
from collections.abc import AsyncIterator

from web4_identity.validation.answer import CLOSED, Outcome, Refusal, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party
from web4_identity.validation.mint_attack import spoiled_mint

CLASS = "body"
LARGE = refusal(413, "BODY_TOO_LARGE")
LIMIT = 10 * 1024
# A proxy may be more patient than the service, but not without bound.
SLOW_SECONDS = 30
CUT_OFF = (Refusal(408), Refusal(CLOSED))


def attacks() -> list[Attack]:
    """The attacks of this class."""
    return [
        spoiled_mint(CLASS, "declared, one over", "10241 bytes", LARGE, body=lambda bed, who: _padded(bed, who, 1)),
        spoiled_mint(CLASS, "declared, huge", "60 KiB", LARGE, body=lambda bed, who: _padded(bed, who, 50 * 1024)),
        Attack(CLASS, "chunked, one over", "10241 bytes without a length", str(LARGE), lambda bed: _chunked(bed, 1)),
        Attack(CLASS, "chunked, huge", "60 KiB without a length", str(LARGE), lambda bed: _chunked(bed, 50 * 1024)),
        Attack(CLASS, "slow body", "a byte each half second", f"cut off within {SLOW_SECONDS} s", _slow),
    ]


def _padded(bed: Bed, subject: Party, over: int) -> bytes:
    """A good order, with spaces up to so many bytes over the limit."""
    return bed.text(bed.order(subject)).ljust(LIMIT + over)


async def _chunked(bed: Bed, over: int) -> Outcome:
    subject = Party.new()
    content = _padded(bed, subject, over)
    return await bed.judge(await bed.mint(content, sent=_pieces(content)), [LARGE], subject)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1024):
        yield content[start : start + 1024]


async def _slow(bed: Bed) -> Outcome:
    subject = Party.new()
    content = bed.text(bed.order(subject))
    started = time.monotonic()
    answer = await bed.mint_slowly(content, _slowly(content, started))
    seconds = time.monotonic() - started
    outcome = await bed.judge(answer, CUT_OFF, subject)
    return Outcome(f"{outcome.got} after {seconds:.0f} s", outcome.defended and seconds < SLOW_SECONDS)


async def _slowly(content: bytes, started: float) -> AsyncIterator[bytes]:
    for place in range(len(content)):
        # Who was not cut off by now will not be; the rest at once ends the attack.
        if time.monotonic() - started > SLOW_SECONDS:
            yield content[place:]
            return
        yield content[place : place + 1]
        await asyncio.sleep(0.5)
