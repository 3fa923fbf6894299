"""Class witness: births that nobody, or nobody fit, attests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from web4_identity.domain.attestation import attest
from web4_identity.validation.answer import refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party
from web4_identity.validation.mint_attack import INVALID, changed, spoiled_mint

CLASS = "witness"
QUORUM = refusal(409, "WITNESS_QUORUM")
FORGED = refusal(409, "WITNESS_ATTESTATION")
UNKNOWN = refusal(409, "WITNESS_UNKNOWN")


def attacks() -> list[Attack]:
    """The attacks of this class. A device needs no witness, so a bad one shows there by its own code."""
    cases = [
        ("human without witnesses", "no witness", QUORUM, changed(entity_type="human")),
        ("organization without witnesses", "no witness", QUORUM, changed(entity_type="organization")),
        ("ai without witnesses", "no witness", QUORUM, changed(entity_type="ai")),
        ("forged attestation", "a member's name, a stranger's key", FORGED, _forged),
        ("forged quorum", "an ai whose one witness is forged", QUORUM, _forged_quorum),
        ("attestation of another mint", "a member's own, for another birth", FORGED, _of_another),
        ("stale attestation", "a member's own, a day old", FORGED, _stale),
        ("duplicated witness", "one member three times, for a human", INVALID, _duplicated),
        ("unregistered witness", "a stranger's own attestation", UNKNOWN, _stranger),
        ("self-attestation", "the entity is its own witness", UNKNOWN, _self),
    ]
    return [spoiled_mint(CLASS, name, sends, expected, body=body) for name, sends, expected, body in cases]


def _witnessed(bed: Bed, body: dict[str, Any], witness: Party, by: Party, **how: Any) -> dict[str, Any]:
    """`body` with an attestation in the name of `witness`, made with the key of `by`."""
    birth = bed.birth(how.pop("of", body))
    return {**body, "witnesses": [{"lct_id": witness.lct_id, "attestation": attest(by.key, birth, **how)}]}


def _forged(bed: Bed, subject: Party) -> dict[str, Any]:
    return _witnessed(bed, bed.order(subject), bed.registered, Party.new())


def _forged_quorum(bed: Bed, subject: Party) -> dict[str, Any]:
    return _witnessed(bed, bed.order(subject, entity_type="ai"), bed.registered, Party.new())


def _of_another(bed: Bed, subject: Party) -> dict[str, Any]:
    return _witnessed(bed, bed.order(subject), bed.registered, bed.registered, of=bed.order(Party.new()))


def _stale(bed: Bed, subject: Party) -> dict[str, Any]:
    day_ago = datetime.now(UTC) - timedelta(days=1)
    return _witnessed(bed, bed.order(subject), bed.registered, bed.registered, now=day_ago)


def _duplicated(bed: Bed, subject: Party) -> dict[str, Any]:
    body = bed.order(subject, entity_type="human")
    body["witnesses"] = [_witnessed(bed, body, bed.registered, bed.registered)["witnesses"][0] for _ in range(3)]
    return body


def _stranger(bed: Bed, subject: Party) -> dict[str, Any]:
    stranger = Party.new()
    return _witnessed(bed, bed.order(subject), stranger, stranger)


def _self(bed: Bed, subject: Party) -> dict[str, Any]:
    return _witnessed(bed, bed.order(subject), subject, subject)
