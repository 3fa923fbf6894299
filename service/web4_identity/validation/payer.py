"""Class payer: mints whose payer is not proved."""

from functools import partial
from typing import Any

from web4_identity.signature.rules import COVERED, IDEMPOTENCY_HEADER
from web4_identity.validation.answer import Outcome, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party, digest_of
from web4_identity.validation.mint_attack import spoiled_mint

CLASS = "payer"
MISSING = refusal(401, "SIGNATURE_MISSING")
MALFORMED = refusal(401, "SIGNATURE_MALFORMED")
EXPIRED = refusal(401, "SIGNATURE_EXPIRED")
UNKNOWN = refusal(401, "SIGNATURE_KEY_UNKNOWN")
INVALID = refusal(401, "SIGNATURE_INVALID")
REPLAYED = refusal(401, "SIGNATURE_REPLAYED")
DIGEST = refusal(401, "DIGEST_MISMATCH")
MISMATCH = refusal(403, "CALLER_MISMATCH")
KEY = refusal(400, "IDEMPOTENCY_KEY")


def attacks() -> list[Attack]:
    """The attacks of this class."""
    made = [
        spoiled_mint(CLASS, name, sends, expected, how=how if callable(how) else partial(_always, how))
        for name, sends, expected, how in _SPOILED
    ]
    made += [
        spoiled_mint(
            CLASS,
            f"{name} not covered",
            f"a signature without {name}",
            MALFORMED,
            how=partial(_always, {"covered": tuple(other for other in COVERED if other != name)}),
        )
        for name in COVERED
    ]
    made += [
        spoiled_mint(CLASS, "tampered body", "other bytes than were signed", DIGEST, how=_other_body),
        spoiled_mint(CLASS, "tampered body and digest", "other bytes, digest to match", INVALID, how=_other_both),
        Attack(CLASS, "swapped keyid", "another payer's signature, the caller's keyid", str(INVALID), _swapped),
        Attack(CLASS, "caller mismatch", "another payer's signature, the caller's ATP", str(MISMATCH), _other_pays),
        Attack(CLASS, "replayed nonce", "the same signed request twice", f"404, then {REPLAYED}", _replay),
    ]
    return made


def _forged(bed: Bed) -> dict[str, Any]:
    return {"by": Party.new(), "key_id": bed.caller.lct_id}


def _dropped(*names: str) -> dict[str, Any]:
    return {"change": dict.fromkeys(names)}


def _always(how: dict[str, Any], _bed: Bed) -> dict[str, Any]:
    return how


_SPOILED: list[tuple[str, str, Any, Any]] = [
    ("no signature", "no Signature headers", MISSING, _dropped("Signature", "Signature-Input")),
    ("no Signature-Input", "half a signature", MISSING, _dropped("Signature-Input")),
    ("forged signature", "another key under the caller's keyid", INVALID, _forged),
    ("zero signature", "64 zero bytes", INVALID, {"change": {"Signature": "payer=:" + "A" * 86 + "==:"}}),
    ("rubbish signature", "no bytes at all", INVALID, {"change": {"Signature": "payer=x"}}),
    ("unregistered key", "a stranger's own signature", UNKNOWN, lambda bed: {"by": Party.new()}),
    ("expired signature", "an hour old", EXPIRED, {"age": 3600}),
    ("future signature", "an hour ahead", EXPIRED, {"age": -3600}),
    ("too long lifetime", "61 s", MALFORMED, {"lifetime": 61}),
    ("no lifetime", "expires when created", MALFORMED, {"lifetime": 0}),
    ("other algorithm", "alg hmac-sha256", MALFORMED, {"alg": "hmac-sha256"}),
    ("tampered path", "signed for another path", INVALID, {"path": "/v1/lct/other"}),
    ("tampered method", "signed for PUT", INVALID, {"method": "PUT"}),
    ("tampered authority", "signed for another service", INVALID, {"authority": "elsewhere.example"}),
    ("digest mismatch", "a signed digest of another body", DIGEST, {"digest": digest_of(b"another")}),
    ("unusable digest", "a signed digest md5", DIGEST, {"digest": "md5=:AAAA:"}),
    ("no digest", "Content-Digest dropped", DIGEST, _dropped("Content-Digest")),
    ("changed Idempotency-Key", "another than was signed", INVALID, {"change": {IDEMPOTENCY_HEADER: "another-key"}}),
    ("no Idempotency-Key", "Idempotency-Key dropped", KEY, _dropped(IDEMPOTENCY_HEADER)),
    ("empty Idempotency-Key", "no character", KEY, {"key": ""}),
    ("spaced Idempotency-Key", "a space within", KEY, {"key": "a b"}),
    ("long Idempotency-Key", "129 characters", KEY, {"key": "k" * 129}),
]


def _other_body(bed: Bed) -> dict[str, Any]:
    return {"sent": b'{"caller_lct_id": "another"}'}


def _other_both(bed: Bed) -> dict[str, Any]:
    sent = b'{"caller_lct_id": "another"}'
    return {"sent": sent, "change": {"Content-Digest": digest_of(sent)}}


async def _swapped(bed: Bed) -> Outcome:
    subject = Party.new()
    answer = await bed.mint(bed.order(subject), by=bed.registered, key_id=bed.caller.lct_id)
    return await bed.judge(answer, [INVALID], subject)


async def _other_pays(bed: Bed) -> Outcome:
    subject = Party.new()
    answer = await bed.mint(bed.order(subject), by=bed.registered)
    return await bed.judge(answer, [MISMATCH], subject)


async def _replay(bed: Bed) -> Outcome:
    # Of a mint that is refused late, after its signature was verified: so the first sending costs nothing.
    subject = Party.new()
    content = bed.text(bed.order(subject, society="validate: no such society"))
    headers = bed.sign(content)
    first = await bed.post(content, headers)
    if first.status != 404:
        return Outcome(f"first {first}", False)
    return await bed.judge(await bed.post(content, headers), [REPLAYED], subject)
