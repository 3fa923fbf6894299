"""Run every attack, at the pace that the service's rate limit allows."""

import asyncio
import time
from collections.abc import Callable, Iterator

import httpx

from web4_identity.validation import (
    binding,
    bodies,
    duplicates,
    idempotency,
    injection,
    lengths,
    limits,
    payer,
    protocol,
    shapes,
    witnesses,
)
from web4_identity.validation.answer import Outcome
from web4_identity.validation.attack import Attack, Result
from web4_identity.validation.bed import Bed, Limited

# An attack and the look whether its LCT is absent.
_REQUESTS_EACH = 2
# Six more mints follow the first. At the guide's factor of 1.5 they cost 31 times as much together.
_MINTS_TO_COME = 32


class CannotRun(Exception):
    """The attacks would prove nothing; the message says why."""


def all_attacks() -> list[Attack]:
    """Every attack, in order: what looks back on the others, and what uses up the rate limit, comes last."""
    classes = (lengths, injection, shapes, payer, idempotency, binding, witnesses, duplicates, bodies, protocol)
    made = [attack for module in classes for attack in module.attacks()]
    return [*made, protocol.balance(), *limits.attacks(), protocol.leaks()]


def estimated_seconds(attacks: int, limit: int, window: int, addresses: int) -> int:
    """How long so many attacks take when each of `addresses` may send `limit` requests per `window` seconds."""
    return max(0, attacks * _REQUESTS_EACH * window // (limit * addresses) - window) + attacks // 5


async def prepare(bed: Bed) -> None:
    """Mint the second payer that attacks need. Raises CannotRun when that is refused, httpx.HTTPError."""
    subject, answer = await bed.control_mint()
    if answer.status != 201:
        detail = answer.body.get("detail", "") if isinstance(answer.body, dict) else ""
        raise CannotRun(f"a good mint is refused: {answer} {detail}".rstrip())
    needed = _MINTS_TO_COME * answer.body["atp_cost"]
    if answer.body["caller_atp_remaining"] < needed:
        raise CannotRun(f"the caller has {answer.body['caller_atp_remaining']} ATP, the run may need {needed}")
    bed.registered, bed.registered_identifier = subject, answer.body["data"]["entity_identifier"]
    bed.purse.settle()


async def run_attacks(bed: Bed, max_seconds: int, window: int, say: Callable[[str], None]) -> list[Result]:
    """The results, in order. What is not proved within `max_seconds` has no outcome."""
    deadline = time.monotonic() + max_seconds
    attacks = all_attacks()
    results = []
    for number, attack in enumerate(attacks, 1):
        outcome = await _proved(bed, attack, deadline, window, say)
        results.append(Result(attack, outcome))
        if number % 20 == 0 or number == len(attacks):
            say(f"{number} of {len(attacks)} attacks")
    return results


async def _proved(bed: Bed, attack: Attack, deadline: float, window: int, say: Callable[[str], None]) -> Outcome | None:
    """Run one attack until its answer is not the rate limiter's; None when time is over."""
    for wait_whole_window in _first_not():
        try:
            async with asyncio.timeout(max(0, deadline - time.monotonic())):
                try:
                    return await attack.run(bed)
                except Limited as limited:
                    # The first wait frees one request; an attack of several needs an empty window.
                    seconds = max(limited.seconds, window if wait_whole_window else 0)
                    say(f"limited: waiting {seconds} s")
                    await asyncio.sleep(seconds)
        except TimeoutError:
            return None
        except (httpx.TimeoutException, httpx.ConnectError) as error:
            return Outcome(f"no answer: {type(error).__name__}", False)
    return None


def _first_not() -> Iterator[bool]:
    yield False
    while True:
        yield True
