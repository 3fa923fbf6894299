"""Class shape: extra fields, wrong types, and JSON at its edges."""

import json
from collections.abc import Callable
from typing import Any

from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party
from web4_identity.validation.mint_attack import INVALID, UNREADABLE, WAF, changed, spoiled_mint

CLASS = "shape"

_EXTRA = {"admin": True, "private_key": "x", "atp_cost": 0, "caller_atp_remaining": 10**9, "__proto__": {}}
_WRONG: list[tuple[str, Any]] = [
    ("entity_identifier", 1),
    ("entity_identifier", True),
    ("entity_identifier", {"$ne": None}),
    ("entity_identifier", ["a"]),
    ("society", None),
    ("society", 0),
    ("society", {"name": "x"}),
    ("entity_type", "god"),
    ("entity_type", 1),
    ("entity_type", False),
    ("public_key", 0),
    ("witnesses", {"0": "x"}),
    ("witnesses", ["lct:web4:x"]),
    ("metadata", [1]),
    ("metadata", "x"),
    ("parent_org", 1.5),
]


def attacks() -> list[Attack]:
    """The attacks of this class."""
    made = [
        spoiled_mint(CLASS, f"extra field {name}", json.dumps(value), INVALID, WAF, body=changed(**{name: value}))
        for name, value in _EXTRA.items()
    ]
    inner = [{"lct_id": "lct:web4:x", "attestation": "cose:AAAA", "reputation": 1}]
    made.append(spoiled_mint(CLASS, "extra field in a witness", "reputation", INVALID, body=changed(witnesses=inner)))
    for name, value in _WRONG:
        fields = {name: value, "binding_proof": "cose:AAAA"} if name == "entity_type" else {name: value}
        made.append(spoiled_mint(CLASS, f"{name} is {json.dumps(value)}", "a type", INVALID, body=changed(**fields)))
    made += [
        spoiled_mint(CLASS, "metadata NaN", "NaN", *UNREADABLE, body=_metadata(b"NaN")),
        spoiled_mint(CLASS, "metadata -Infinity", "-Infinity", *UNREADABLE, body=_metadata(b"-Infinity")),
        spoiled_mint(CLASS, "metadata overflow", "1e999", *UNREADABLE, body=_metadata(b"1e999")),
        spoiled_mint(CLASS, "metadata huge integer", "5000 digits", *UNREADABLE, body=_metadata(b"9" * 5000)),
        spoiled_mint(CLASS, "metadata lone surrogate", "\\ud800", *UNREADABLE, body=_metadata(b'"\\ud800"')),
        spoiled_mint(CLASS, "metadata NUL", "\\u0000", *UNREADABLE, body=_metadata(b'"\\u0000"')),
        spoiled_mint(CLASS, "deep nesting", "4500 arrays", *UNREADABLE, body=_metadata(b"[" * 4500 + b"]" * 4500)),
        spoiled_mint(CLASS, "duplicate JSON member", "society twice", *UNREADABLE, body=_twice),
        spoiled_mint(CLASS, "body is an array", "[{...}]", *UNREADABLE, body=_text(lambda text: b"[" + text + b"]")),
        spoiled_mint(CLASS, "body is truncated", "no last brace", *UNREADABLE, body=_text(lambda text: text[:-1])),
        spoiled_mint(CLASS, "body is empty", "nothing", *UNREADABLE, body=lambda bed, subject: b""),
        spoiled_mint(CLASS, "body is no UTF-8", "0xff", *UNREADABLE, body=_metadata(b'"\xff"')),
        spoiled_mint(CLASS, "body is UTF-16", "UTF-16", *UNREADABLE, body=_text(lambda t: t.decode().encode("utf-16"))),
    ]
    return made


def _text(change: Callable[[bytes], bytes]) -> Callable[[Bed, Party], bytes]:
    """A good order's JSON text, changed."""
    return lambda bed, subject: change(json.dumps(bed.order(subject)).encode())


def _metadata(value: bytes) -> Callable[[Bed, Party], bytes]:
    return _text(lambda text: text[:-1] + b', "metadata": {"k": ' + value + b"}}")


def _twice(bed: Bed, subject: Party) -> bytes:
    return b'{"society": "another", ' + json.dumps(bed.order(subject)).encode()[1:]
