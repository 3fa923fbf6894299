"""The binding of an LCT: that the entity which holds the key agreed to be bound to it.

Source: Web4 LCT specification, binding. The proof is the binding without it, signed with the entity's own key.
"""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4_identity.domain.cose import StatementRefused, read_statement, read_timestamp, sign_statement, timestamp
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import raw_public_key, to_multikey


def prove_binding(key: Ed25519PrivateKey, entity_type: EntityType, created_at: datetime | None = None) -> str:
    """Make the proof with the entity's own key; `created_at` is an aware time, by default now."""
    moment = timestamp(created_at or datetime.now(UTC))
    return sign_statement(key, _binding(entity_type, to_multikey(raw_public_key(key)), moment))


def read_proof(proof: str, entity_type: EntityType, public_key: str) -> str:
    """Check the proof for this type and key (z6Mk...), and give the created_at that the entity signed.

    Whether that time is acceptable is for the caller to judge. Raises StatementRefused.
    """
    signed = read_statement(proof, public_key)
    created_at = str(signed.get("created_at"))
    read_timestamp(created_at)
    if signed != _binding(entity_type, public_key, created_at):
        raise StatementRefused("what is signed is not the binding of this entity_type and public_key")
    return created_at


def _binding(entity_type: EntityType, public_key: str, created_at: str) -> dict[str, str]:
    return {"entity_type": entity_type.value, "public_key": public_key, "created_at": created_at}
