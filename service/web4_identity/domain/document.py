"""The public JSON-LD document of an LCT, made from what the registry holds.

Source: Web4 LCT specification, JSON-LD form: the root members below, birth_certificate and attestations, no other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from web4_identity.domain.entities import BIRTH_CERTIFICATE_WITNESSES, EntityType
from web4_identity.domain.tensors import T3_WEIGHTS, V3_WEIGHTS, tensor

CONTEXT = "https://web4.io/contexts/lct.jsonld"
# What this registry lets every active LCT do, in the specification's words (policy): to mint and to witness.
CAPABILITIES = ("write:lct", "witness:attest")
HORIZON_DEPTH = 3
# Every society here is one on this platform; the specification knows nation, network, organization, ecosystem too.
BIRTH_CONTEXT = "platform"


def citizen_role(entity_type: str) -> str:
    """The role that every LCT of this type has in its society from birth on."""
    return f"lct:web4:role:citizen:{entity_type}"


def birth_certificate(
    entity_type: EntityType, issuing_society: str, witnesses: list[str], born: datetime
) -> dict[str, Any] | None:
    """The birth certificate, or None below three witnesses (Web4 LCT specification, birth_certificate).

    `issuing_society` is an LCT id, that of the society's founder, which stands for the society: a society has no key
    and so no LCT of its own. A certificate is stored as it was issued; the older ones name the society instead.
    `witnesses` are LCT ids, `born` is an aware UTC time.
    """
    if len(witnesses) < BIRTH_CERTIFICATE_WITNESSES:
        return None
    return {
        "issuing_society": issuing_society,
        "citizen_role": citizen_role(entity_type),
        "birth_timestamp": born.isoformat(),
        "birth_context": BIRTH_CONTEXT,
        "birth_witnesses": witnesses,
    }


def lct_document(row: Mapping[Any, Any], attested: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    """The document of one row of the registry, with what was attested of it.

    An LCT of before binding proofs, and one that a society began with, may have a binding without one.
    """
    born = row["created_at"].isoformat()
    binding = {
        "entity_type": row["entity_type"],
        "public_key": row["public_key"],
        "created_at": row["binding_created_at"] or born,
    }
    if row["binding_proof"]:
        binding["binding_proof"] = row["binding_proof"]
    citizen = {
        "lct_id": citizen_role(row["entity_type"]),
        "pairing_type": "birth_certificate",
        "permanent": True,
        "ts": born,
    }
    document = {
        "@context": [CONTEXT],
        "lct_id": row["lct_id"],
        "subject": f"did:web4:key:{row['public_key']}",
        "binding": binding,
        "mrh": {
            "bound": [],
            "paired": [citizen],
            "witnessing": [
                {"lct_id": each["witness"], "role": each["role"], "last_attestation": each["ts"]} for each in attested
            ],
            "horizon_depth": HORIZON_DEPTH,
            "last_updated": born,
        },
        "policy": {"capabilities": [] if row["revoked_at"] else list(CAPABILITIES)},
        "t3_tensor": tensor(T3_WEIGHTS, row),
        "v3_tensor": tensor(V3_WEIGHTS, {}),
        "revocation": _revocation(row),
    }
    if row["birth_certificate"]:
        document["birth_certificate"] = row["birth_certificate"]
    if attested:
        document["attestations"] = [
            {"witness": each["witness"], "type": each["role"], "sig": each["sig"], "ts": each["ts"]}
            for each in attested
        ]
    return document


def _revocation(row: Mapping[str, Any]) -> dict[str, str]:
    if row["revoked_at"] is None:
        return {"status": "active"}
    reason = {"reason": row["revocation_reason"]} if row["revocation_reason"] else {}
    return {"status": "revoked", "ts": row["revoked_at"].isoformat(), **reason}
