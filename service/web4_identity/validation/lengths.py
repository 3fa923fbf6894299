"""Class length: every bounded field one over its limit, and huge.

The limits are the guide's defaults; a service that was configured with higher ones shows here as a bypass.
"""

from typing import Any

from web4_identity.validation.answer import refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.mint_attack import INVALID, changed, spoiled_mint

CLASS = "length"
HUGE = 8000
_ID = "lct:web4:"


def _witness(lct_id: str = _ID + "w", attestation: str = "cose:AAAA") -> dict[str, str]:
    return {"lct_id": lct_id, "attestation": attestation}


def attacks() -> list[Attack]:
    """The attacks of this class."""
    # field, its limit, a value of a given length
    fields: list[tuple[str, int, Any]] = [
        ("entity_identifier", 512, lambda size: {"entity_identifier": "a" * size}),
        ("society", 256, lambda size: {"society": "a" * size}),
        ("parent_org", 256, lambda size: {"parent_org": "a" * size}),
        ("caller_lct_id", 256, lambda size: {"caller_lct_id": _ID + "a" * (size - len(_ID))}),
        ("public_key", 48, lambda size: {"public_key": "z6Mk" + "1" * (size - 4), "binding_proof": "cose:AAAA"}),
        ("binding_proof", 512, lambda size: {"binding_proof": "cose:" + "A" * (size - 5)}),
        ("witness lct_id", 256, lambda size: {"witnesses": [_witness(_ID + "a" * (size - len(_ID)))]}),
        ("attestation", 640, lambda size: {"witnesses": [_witness(attestation="cose:" + "A" * (size - 5))]}),
        ("metadata bytes", 4096, lambda size: {"metadata": {"k": "a" * (size - len('{"k": ""}'))}}),
    ]
    made = [
        spoiled_mint(CLASS, f"{name} {word}", f"{size} characters", INVALID, body=changed(**value(size)))
        for name, limit, value in fields
        for word, size in (("one over", limit + 1), ("huge", HUGE))
    ]
    many = [_witness(f"{_ID}w{n}") for n in range(11)]
    keys = {f"k{n}": n for n in range(33)}
    made += [
        spoiled_mint(CLASS, "witnesses one over", "11 witnesses", INVALID, body=changed(witnesses=many)),
        spoiled_mint(CLASS, "metadata keys one over", "33 members", INVALID, body=changed(metadata=keys)),
        spoiled_mint(CLASS, "entity_identifier empty", "no character", INVALID, body=changed(entity_identifier="")),
        spoiled_mint(CLASS, "society empty", "no character", INVALID, body=changed(society="")),
    ]
    malformed = refusal(401, "SIGNATURE_MALFORMED")
    made += [
        spoiled_mint(CLASS, "nonce one over", "129 characters", malformed, how=lambda bed: {"nonce": "n" * 129}),
        spoiled_mint(CLASS, "nonce too short", "15 characters", malformed, how=lambda bed: {"nonce": "n" * 15}),
        spoiled_mint(CLASS, "keyid one over", "257 characters", malformed, how=lambda bed: {"key_id": "k" * 257}),
    ]
    return made
