"""Examples for the API's description: for every request body, every parameter and every success answer.

The proofs are real ones, made on 2026-01-31 with throw-away keys, so that their form and their signatures are right.
"""

from typing import Any

from web4_identity import SECURITY_LEVEL, SERVICE_VERSION

FOUNDER = "lct:web4:mb32:b3pbjqji4kezbw4tg46gryfi4fnrk76glswzjgclngrrqdbke7lha"
ENTITY = "lct:web4:mb32:b72asyextvngonlc5w2nmguxza3frweppip5thyss5577kurghceq"
WITNESS = "lct:web4:mb32:blqu3pdyqunnetjrddueo5bakas6mhi32j6ounxzspxwfnofjw7eq"
OTHER_FOUNDER = "lct:web4:mb32:bojcwoicbea32nmzz7ccm43mrxngmcy5h3q7eywggldtmecl3skra"
_ENTITY_KEY = "z6MkvDqGT54cXesYGvABpF1UapVNwjCqRcafi4Px6Thv5T3Z"
_OTHER_FOUNDER_KEY = "z6Mkon22vwz9JoNpGDxCrGZRgeNFTdRTwXYYN3fvAhA3K19x"
_DEVICE_PROOF = (
    "cose:0oRDoQEnoFhxo2pjcmVhdGVkX2F0dDIwMjYtMDEtMzFUMTI6MDA6MDBaanB1YmxpY19rZXl4MHo2TWt2RHFHVDU0Y1hlc1l"
    "HdkFCcEYxVWFwVk53akNxUmNhZmk0UHg2VGh2NVQzWmtlbnRpdHlfdHlwZWZkZXZpY2VYQGEHkFheb_e80XoioQEwRXmW0cqK_T7"
    "9uwZntwssY0AcgfDnOLFUlBzLDHvPlcxJtTyLSOf0fiGsKC81CnViuQw"
)
_AI_PROOF = (
    "cose:0oRDoQEnoFhto2pjcmVhdGVkX2F0dDIwMjYtMDEtMzFUMTI6MDA6MDBaanB1YmxpY19rZXl4MHo2TWt2RHFHVDU0Y1hlc1l"
    "HdkFCcEYxVWFwVk53akNxUmNhZmk0UHg2VGh2NVQzWmtlbnRpdHlfdHlwZWJhaVhAEEmsW0qrPTFwYBGz4rpYnIhNKtdujFWJ275"
    "n-Ik8g6HBnqcLFBNvQ_JJQYfoWf01bpF7VOyLKc2BzURZ2cNnDw"
)
_ORGANIZATION_PROOF = (
    "cose:0oRDoQEnoFh3o2pjcmVhdGVkX2F0dDIwMjYtMDEtMzFUMTI6MDA6MDBaanB1YmxpY19rZXl4MHo2TWtvbjIydnd6OUpvTnB"
    "HRHhDckdaUmdlTkZUZFJUd1hZWU4zZnZBaEEzSzE5eGtlbnRpdHlfdHlwZWxvcmdhbml6YXRpb25YQOQjCjGj71z-wyksP8tJ6av"
    "xXeEripLyZzTpbxu_5Jn4Raib8QSiBI_JLuQ8NIAZJkHLI2xZmXrF4UZSEruZRwM"
)
_ATTESTATION = (
    "cose:0oRDoQEnoFjWpmJ0c3QyMDI2LTAxLTMxVDEyOjAwOjAwWmRyb2xlaWV4aXN0ZW5jZWVub25jZVAAAQIDBAUGBwgJCgsMDQ4"
    "PZnBvbGljeXVsY3Q6d2ViNDpwb2xpY3k6YmlydGhnc3ViamVjdHhDbGN0OndlYjQ6bWIzMjpiNzJhc3lleHR2bmdvbmxjNXcybm1"
    "ndXh6YTNmcndlcHBpcDV0aHlzczU1NzdrdXJnaGNlcWpldmVudF9oYXNoWCAdf6hZ_6H4T4mGMNo9MAe1woxppFnN0WHgd5JwvgE"
    "erVhAypswhHaOlUj20aKPMtsKQvE5YhOIkymjzgQ4jF_Vj-GgfGotWQfEYuFuuXG3mtc-RdpI5mI3X5HW-gWEuR9pCQ"
)
_TIME = "2026-01-31T12:00:01Z"
_DEVICE = {
    "caller_lct_id": FOUNDER,
    "entity_type": "device",
    "entity_identifier": "lamp-1",
    "society": "commons",
    "public_key": _ENTITY_KEY,
    "binding_proof": _DEVICE_PROOF,
}

PARAMETERS: dict[str, Any] = {
    "lct_id": FOUNDER,
    "name": "commons",
    "society": "commons",
    "limit": 20,
    "after": "AAAAAAAAAAEAAAAAAAAAGA",
}
"""By parameter name."""

REQUESTS: dict[str, dict[str, Any]] = {
    "mint_lct": {
        "device": _DEVICE,
        "witnessed": {
            **_DEVICE,
            "entity_type": "ai",
            "entity_identifier": "assistant-1",
            "binding_proof": _AI_PROOF,
            "witnesses": [{"lct_id": WITNESS, "attestation": _ATTESTATION}],
            "parent_org": "hestia",
            "metadata": {"model": "m-1"},
        },
    },
    "revoke_lct": {"reasoned": {"reason": "the key is lost"}, "silent": {}},
    "found_society": {
        "default_funds": {
            "name": "hestia",
            "founder_public_key": _OTHER_FOUNDER_KEY,
            "binding_proof": _ORGANIZATION_PROOF,
        },
        "given_funds": {
            "name": "hestia",
            "founder_public_key": _OTHER_FOUNDER_KEY,
            "binding_proof": _ORGANIZATION_PROOF,
            "founder_funds": 100_000,
            "pool_funds": 10_000_000,
        },
    },
    "set_witness_standing": {
        "numbers": {"talent": 0.9, "training": 0.8, "temperament": 0.75, "actions": 50},
        "texts": {
            "talent": "0.9",
            "training": "0.8",
            "temperament": "0.75",
            "actions": 50,
            "since": "2025-01-31T00:00:00Z",
        },
    },
}
"""By operation, each with a word that names it."""

_DOCUMENT = {
    "@context": ["https://web4.io/contexts/lct.jsonld"],
    "lct_id": ENTITY,
    "subject": f"did:web4:key:{_ENTITY_KEY}",
    "binding": {
        "entity_type": "device",
        "public_key": _ENTITY_KEY,
        "created_at": "2026-01-31T12:00:00Z",
        "binding_proof": _DEVICE_PROOF,
    },
    "mrh": {
        "bound": [],
        "paired": [
            {
                "lct_id": "lct:web4:role:citizen:device",
                "pairing_type": "birth_certificate",
                "permanent": True,
                "ts": _TIME,
            }
        ],
        "witnessing": [],
        "horizon_depth": 3,
        "last_updated": _TIME,
    },
    "policy": {"capabilities": ["write:lct", "witness:attest"]},
    "t3_tensor": {"talent": 0.5, "training": 0.5, "temperament": 0.5, "composite_score": 0.5},
    "v3_tensor": {"valuation": 0.5, "veracity": 0.5, "validity": 0.5, "composite_score": 0.5},
    "revocation": {"status": "active"},
}

ANSWERS: dict[str, Any] = {
    "mint_lct": {
        "success": True,
        "data": {
            "lct_id": ENTITY,
            "entity_type": "device",
            "entity_identifier": "lamp-1",
            "society": "commons",
            "public_key": _ENTITY_KEY,
            "birth_certificate": None,
            "created_at": _TIME,
        },
        "atp_cost": 100,
        "caller_atp_remaining": 99_900,
        "new_entity_atp_granted": 10_000,
    },
    "read_lct": _DOCUMENT,
    "revoke_lct": {
        "success": True,
        "lct_id": ENTITY,
        "revocation": {"status": "revoked", "ts": _TIME, "reason": "the key is lost"},
    },
    "list_lcts": {
        "data": [
            {
                "lct_id": ENTITY,
                "entity_type": "device",
                "entity_identifier": "lamp-1",
                "status": "active",
                "created_at": _TIME,
            }
        ],
        "next": None,
    },
    "read_balance": {"lct_id": ENTITY, "balance": 10_000, "society": "commons"},
    "found_society": {
        "name": "hestia",
        "founder": OTHER_FOUNDER,
        "lct_count": 0,
        "next_mint_price": 100,
        "pool_balance": 10_000_000,
        "created_at": _TIME,
    },
    "read_society": {
        "name": "commons",
        "founder": FOUNDER,
        "lct_count": 2,
        "next_mint_price": 225,
        "pool_balance": 9_980_250,
        "created_at": _TIME,
    },
    "set_witness_standing": {
        "lct_id": ENTITY,
        "talent": "0.9",
        "training": "0.8",
        "temperament": "0.75",
        "actions": 50,
        "since": "2025-01-31T00:00:00Z",
    },
    "health": {
        "status": "healthy",
        "timestamp": _TIME,
        "version": SERVICE_VERSION,
        "security_level": SECURITY_LEVEL,
    },
    "livez": {"status": "alive"},
    "readyz": {"status": "ready", "dependencies": {"database": "ok", "redis": "ok"}},
    "metrics": "# HELP web4_identity_lct_minted_total LCTs minted\n",
}
"""By operation: the body of its success answer."""
