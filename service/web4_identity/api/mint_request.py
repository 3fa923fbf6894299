"""The body of POST /v1/lct/mint, with the bounds that the settings give.

Source: guide, Security and Security Validation; published service, fields.
"""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from web4_identity.domain.entities import ALIASES, EntityType
from web4_identity.domain.keys import LCT_ID_PATTERN, from_multikey
from web4_identity.settings import Settings

IDENTIFIER_PATTERN = r"^[a-zA-Z0-9:_.-]+$"
# \p{C}: control, unassigned and invisible formatting characters; NUL among them, which Postgres cannot store.
PRINTABLE_PATTERN = r"^[^\p{C}]+$"
STATEMENT_PATTERN = r"^cose:[A-Za-z0-9_-]+$"
MULTIKEY_PATTERN = r"^z6Mk[1-9A-HJ-NP-Za-km-z]{44}$"
# A proof made by `web4-identity mint` has about 310.
MAX_BINDING_PROOF_LENGTH = 512
# An attestation made by `web4-identity mint` has about 470; ten of the longest fit the body limit with the rest.
MAX_ATTESTATION_LENGTH = 640
MAX_METADATA_KEYS = 32
MAX_METADATA_BYTES = 4096


def _entity_type(value: object) -> object:
    return ALIASES.get(value, value) if isinstance(value, str) else value


def _public_key(text: str) -> str:
    from_multikey(text)
    return text


# The pattern is for readers of the description; the check is stricter, and says more.
PublicKey = Annotated[str, AfterValidator(_public_key), Field(json_schema_extra={"pattern": MULTIKEY_PATTERN})]


def _distinct(witnesses: list[Any]) -> list[Any]:
    if len({each.lct_id for each in witnesses}) != len(witnesses):
        raise ValueError("witnesses must be distinct")
    return witnesses


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    """Accept what JSONB can hold: no NaN, no lone surrogate, no NUL, and within the bounds."""
    if len(value) > MAX_METADATA_KEYS:
        raise ValueError(f"at most {MAX_METADATA_KEYS} keys")
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("not storable as JSON text") from None
    if size > MAX_METADATA_BYTES:
        raise ValueError(f"at most {MAX_METADATA_BYTES} bytes as JSON")
    # An escaped backslash before u0000 is the six characters, not a NUL.
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValueError("NUL characters are refused")
    return value


def mint_request_model(settings: Settings) -> type[BaseModel]:
    """The request model for these settings. Unknown fields are refused (guide, Security Validation)."""

    class Witness(BaseModel):
        """A registered LCT of the society, and the attestation of this mint that it signed."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        lct_id: Annotated[str, Field(pattern=LCT_ID_PATTERN, max_length=settings.max_witness_id_length)]
        attestation: Annotated[str, Field(pattern=STATEMENT_PATTERN, max_length=MAX_ATTESTATION_LENGTH)]

    class MintRequest(BaseModel):
        """A wish to mint. The client makes its own key pair and sends the public half only."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        caller_lct_id: Annotated[str, Field(pattern=LCT_ID_PATTERN, max_length=256)]
        entity_type: Annotated[EntityType, BeforeValidator(_entity_type)]
        entity_identifier: Annotated[
            str, Field(pattern=IDENTIFIER_PATTERN, min_length=1, max_length=settings.max_identifier_length)
        ]
        society: Annotated[str, Field(pattern=PRINTABLE_PATTERN, max_length=256)]
        public_key: PublicKey
        binding_proof: Annotated[str, Field(pattern=STATEMENT_PATTERN, max_length=MAX_BINDING_PROOF_LENGTH)]
        witnesses: Annotated[
            list[Witness], Field(max_length=settings.max_witness_count), AfterValidator(_distinct)
        ] = []
        parent_org: Annotated[str, Field(pattern=PRINTABLE_PATTERN, max_length=256)] | None = None
        metadata: Annotated[dict[str, Any], AfterValidator(_metadata)] = {}

    return MintRequest
