"""The JSON Schema (2020-12) of an LCT's document, for the API's description and for whoever wants to check one.

Source: Web4 LCT specification, JSON-LD form. Stricter where this registry always writes more than it must.
"""

from typing import Any

from web4_identity.api.mint_request import MULTIKEY_PATTERN
from web4_identity.domain.cose import PREFIX
from web4_identity.domain.document import BIRTH_CONTEXT, CONTEXT
from web4_identity.domain.entities import BIRTH_CERTIFICATE_WITNESSES, EntityType
from web4_identity.domain.keys import LCT_ID_PATTERN
from web4_identity.domain.tensors import T3_WEIGHTS, V3_WEIGHTS


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(items: dict[str, Any], **bounds: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **bounds}


def _tensor(roots: dict[str, Any]) -> dict[str, Any]:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    return _object({name: share for name in (*roots, "composite_score")})


_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_LCT_ID = {"type": "string", "pattern": LCT_ID_PATTERN}
_PUBLIC_KEY = {"type": "string", "pattern": MULTIKEY_PATTERN}
_STATEMENT = {"type": "string", "pattern": f"^{PREFIX}[A-Za-z0-9_-]+$"}

DOCUMENT_SCHEMA = _object(
    {
        "@context": {"type": "array", "const": [CONTEXT]},
        "lct_id": _LCT_ID,
        "subject": {"type": "string", "pattern": MULTIKEY_PATTERN.replace("^", "^did:web4:key:")},
        "binding": _object(
            {
                "entity_type": {"enum": [each.value for each in EntityType]},
                "public_key": _PUBLIC_KEY,
                "created_at": _TIME,
            },
            {"binding_proof": _STATEMENT},
        ),
        "mrh": _object(
            {
                "bound": _list(_TEXT),
                "paired": _list(
                    _object({"lct_id": _LCT_ID, "pairing_type": _TEXT, "permanent": {"type": "boolean"}, "ts": _TIME}),
                    minItems=1,
                ),
                "witnessing": _list(_object({"lct_id": _LCT_ID, "role": _TEXT, "last_attestation": _TIME})),
                "horizon_depth": {"type": "integer", "minimum": 1, "maximum": 10},
                "last_updated": _TIME,
            }
        ),
        "policy": _object({"capabilities": _list(_TEXT, uniqueItems=True)}),
        "t3_tensor": _tensor(T3_WEIGHTS),
        "v3_tensor": _tensor(V3_WEIGHTS),
        "revocation": _object({"status": {"enum": ["active", "revoked", "suspended"]}}, {"ts": _TIME, "reason": _TEXT}),
    },
    {
        "birth_certificate": _object(
            {
                # An LCT id; in certificates that were issued before it was, the society's name.
                "issuing_society": _TEXT,
                "citizen_role": _LCT_ID,
                "birth_timestamp": _TIME,
                "birth_context": {"type": "string", "const": BIRTH_CONTEXT},
                "birth_witnesses": _list(_LCT_ID, minItems=BIRTH_CERTIFICATE_WITNESSES, uniqueItems=True),
            }
        ),
        "attestations": _list(_object({"witness": _LCT_ID, "type": _TEXT, "sig": _STATEMENT, "ts": _TIME}), minItems=1),
    },
)
"""The root members are the specification's, and no other is allowed; `lineage` is one this registry has no use for."""
