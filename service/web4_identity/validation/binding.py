"""Class binding: mints for an entity that did not agree."""

from datetime import UTC, datetime, timedelta
from typing import Any

from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.validation.answer import refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party
from web4_identity.validation.mint_attack import INVALID, spoiled_mint

CLASS = "binding"
REFUSED = refusal(422, "BINDING_PROOF")


def attacks() -> list[Attack]:
    """The attacks of this class."""
    cases = [
        ("missing proof", "no binding_proof", INVALID, _without),
        ("another key's proof", "made with a key that is not the entity's", REFUSED, _another_key),
        ("proof for another type", "signed for a human, sent for a device", REFUSED, _another_type),
        ("tampered proof", "one character changed", REFUSED, _tampered),
        ("rubbish proof", "no COSE_Sign1", REFUSED, lambda bed, subject: bed.order(subject, binding_proof="cose:AAAA")),
        ("stale proof", "made a day ago", REFUSED, lambda bed, subject: _dated(bed, subject, -1)),
        ("future proof", "made a day ahead", REFUSED, lambda bed, subject: _dated(bed, subject, 1)),
    ]
    return [spoiled_mint(CLASS, name, sends, expected, body=body) for name, sends, expected, body in cases]


def _without(bed: Bed, subject: Party) -> dict[str, Any]:
    body = bed.order(subject)
    del body["binding_proof"]
    return body


def _another_key(bed: Bed, subject: Party) -> dict[str, Any]:
    return bed.order(subject, binding_proof=prove_binding(Party.new().key, EntityType.DEVICE))


def _another_type(bed: Bed, subject: Party) -> dict[str, Any]:
    return bed.order(subject, binding_proof=prove_binding(subject.key, EntityType.HUMAN))


def _tampered(bed: Bed, subject: Party) -> dict[str, Any]:
    body = bed.order(subject)
    proof = body["binding_proof"]
    middle = len(proof) // 2
    body["binding_proof"] = proof[:middle] + ("A" if proof[middle] != "A" else "B") + proof[middle + 1 :]
    return body


def _dated(bed: Bed, subject: Party, days: int) -> dict[str, Any]:
    moment = datetime.now(UTC) + timedelta(days=days)
    return bed.order(subject, binding_proof=prove_binding(subject.key, EntityType.DEVICE, moment))
