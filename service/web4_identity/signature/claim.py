"""Read what a signature claims, and refuse at once what cannot become valid."""

from dataclasses import dataclass
from typing import Any

import http_sf
from starlette.datastructures import Headers

from web4_identity import problems
from web4_identity.problems import Kind, Problem
from web4_identity.signature.rules import COVERED, MAX_LIFETIME_SECONDS, NONCE_PATTERN

_INPUT, _SIGNATURE = "signature-input", "signature"
_ALGORITHM = "ed25519"
# Longer than any LCT id; what is longer is not asked for in the database.
_MAX_KEY_ID = 256


@dataclass(frozen=True)
class Claim:
    """Whose signature it says it is (an LCT id), and its nonce. Believe neither before the signature is verified."""

    key_id: str
    nonce: str


def read_claim(headers: Headers, now: float, skew_seconds: int) -> Claim:
    """Read the one signature of a request; `now` is Unix time in seconds.

    Source: RFC 9421, sections 2.3 and 4. Raises Problem (401): missing, malformed, or outside its time.
    """
    if _INPUT not in headers or _SIGNATURE not in headers:
        raise unproved(problems.SIGNATURE_MISSING, "the request needs the headers Signature-Input and Signature")
    components, parameters = _parse(", ".join(headers.getlist(_INPUT)))
    missing = [name for name in COVERED if (name, {}) not in components]
    if missing:
        raise _malformed(f"the signature does not cover {', '.join(missing)}")
    created, expires = parameters.get("created"), parameters.get("expires")
    # Not isinstance: a Structured Field's date is no integer, and True is one.
    if type(created) is not int or type(expires) is not int:
        raise _malformed("created and expires must be integers")
    if not 0 < expires - created <= MAX_LIFETIME_SECONDS:
        raise _malformed(f"expires must be 1 to {MAX_LIFETIME_SECONDS} s after created")
    if not created - skew_seconds <= now <= expires + skew_seconds:
        raise unproved(problems.SIGNATURE_EXPIRED, "now is not between created and expires; check the clock")
    if parameters.get("alg") != _ALGORITHM:
        raise _malformed(f'alg must be "{_ALGORITHM}"')
    key_id, nonce = parameters.get("keyid"), parameters.get("nonce")
    if not isinstance(key_id, str) or len(key_id) > _MAX_KEY_ID or not key_id.isascii() or not key_id.isprintable():
        raise _malformed("keyid must be the payer's LCT id")
    if not isinstance(nonce, str) or not NONCE_PATTERN.fullmatch(nonce):
        raise _malformed("nonce must be 16 to 128 visible ASCII characters")
    return Claim(key_id, nonce)


def unproved(kind: Kind, detail: str) -> Problem:
    """A 401 with the challenge that RFC 9110 (section 11.6.1) wants on it."""
    return Problem(kind, detail, headers={"WWW-Authenticate": 'Signature realm="web4-identity"'})


def _parse(field: str) -> tuple[list[tuple[Any, dict[str, Any]]], dict[str, Any]]:
    try:
        signatures = http_sf.parse(field.encode("ascii"), tltype="dictionary")
    except ValueError:
        raise _malformed("Signature-Input is not a Structured Fields dictionary") from None
    if not isinstance(signatures, dict) or len(signatures) != 1:
        raise _malformed("exactly one signature is expected")
    # An Inner List (RFC 9651, section 3.1.1); an Item in its place has a value that is no list.
    member: Any = next(iter(signatures.values()))
    components, parameters = member
    if not isinstance(components, list):
        raise _malformed("Signature-Input must list the covered components")
    return components, parameters


def _malformed(detail: str) -> Problem:
    return unproved(problems.SIGNATURE_MALFORMED, detail)
