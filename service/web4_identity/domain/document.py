"""The public document stored with an LCT. The signed JSON-LD document grows from here."""

from datetime import datetime
from typing import Any

from web4_identity.domain.entities import BIRTH_CERTIFICATE_WITNESSES, EntityType


def birth_certificate(
    entity_type: EntityType, society: str, witnesses: list[str], born: datetime
) -> dict[str, Any] | None:
    """The birth certificate, or None below three witnesses (Web4 LCT specification, birth_certificate).

    `witnesses` are LCT ids, `born` is an aware UTC time.
    """
    if len(witnesses) < BIRTH_CERTIFICATE_WITNESSES:
        return None
    return {
        "issuing_society": society,
        "citizen_role": f"lct:web4:role:citizen:{entity_type}",
        "birth_timestamp": born.isoformat(),
        "birth_witnesses": witnesses,
    }


def lct_document(
    lct_id: str, entity_type: EntityType, public_key: str, born: datetime, certificate: dict[str, Any] | None
) -> dict[str, Any]:
    """The document of a new LCT: subject, binding and birth certificate (Web4 LCT specification).

    `public_key` is the Multikey z6Mk..., `certificate` what birth_certificate() gave.
    """
    return {
        "lct_id": lct_id,
        "subject": f"did:web4:key:{public_key}",
        "binding": {"entity_type": entity_type.value, "public_key": public_key, "created_at": born.isoformat()},
        "birth_certificate": certificate,
    }
