"""Class protocol: requests of the wrong form, and what answers must never hold."""

from functools import partial
from typing import Any

from web4_identity.validation.answer import Outcome, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import MINT_PATH
from web4_identity.validation.mint_attack import INVALID, WAF, spoiled_mint

CLASS = "protocol"
METHOD = refusal(405, "METHOD_NOT_ALLOWED")


def attacks() -> list[Attack]:
    """The attacks of this class but leaks(), which looks back on all others."""
    made = [
        spoiled_mint(CLASS, f"content type {name}", name, INVALID, WAF, how=partial(_typed, name))
        for name in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    ]
    made += [_method(method) for method in ("PUT", "DELETE", "PATCH")]
    made.append(Attack(CLASS, "injected request id", "X-Request-ID of HTML", "not reflected", _request_id))
    return made


def leaks() -> Attack:
    """Judges every answer before it, so it comes last."""
    return Attack(CLASS, "nothing leaks", "all of the above", "no private key, no stack trace", _leaks)


def balance() -> Attack:
    """Judges what all attacks before it did to the caller's ATP."""
    return Attack(CLASS, "balance unchanged", "a good mint after all refusals", "0 ATP unexplained", _balance)


def _typed(name: str, _bed: Bed) -> dict[str, Any]:
    return {"change": {"Content-Type": name}}


def _method(method: str) -> Attack:
    async def run(bed: Bed) -> Outcome:
        return await bed.judge(await bed.send(method, MINT_PATH), [METHOD, WAF])

    return Attack(CLASS, f"{method} on the mint route", method, f"{METHOD} or {WAF}", run)


async def _request_id(bed: Bed) -> Outcome:
    answer = await bed.send("GET", "/v1/lct/lct:web4:absent", headers={"X-Request-ID": "<script>1</script>"})
    reflected = "<script>" in answer.text + "".join(answer.headers.values())
    return Outcome(
        "reflected" if reflected else "not reflected", (answer.status == 404 or WAF.matches(answer)) and not reflected
    )


async def _leaks(bed: Bed) -> Outcome:
    return Outcome("; ".join(bed.leaks[:3]) or "nothing", not bed.leaks)


async def _balance(bed: Bed) -> Outcome:
    wrong = await bed.overcharge()
    return Outcome(wrong or "0 ATP unexplained", not wrong)
