"""What the body of a mint is made of: keys, the proof of a binding, what witnesses hand in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from web4_identity.domain.attestation import Birth, attest
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import ALIASES, EntityType
from web4_identity.domain.keys import lct_id, raw_public_key, to_multikey


@dataclass
class Key:
    private: Ed25519PrivateKey
    public_key: str
    lct_id: str


_keys: dict[str, Key] = {}


def new_key(seed: bytes | None = None) -> Key:
    private = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
    raw = raw_public_key(private)
    key = Key(private, to_multikey(raw), lct_id(raw))
    _keys[key.public_key] = key
    return key


def proof_of(body: Mapping[str, Any]) -> str:
    """The binding proof, made with the key that new_key() made for the body's public_key."""
    return prove_binding(_keys[body["public_key"]].private, _entity_type(body))


def testimonies(body: Mapping[str, Any], keys: Iterable[Key], **changes: Any) -> list[dict[str, str]]:
    """What the witnesses `keys` hand in for the mint of `body`; `changes` are attest()'s."""
    fields = {name: body[name] for name in Birth.__dataclass_fields__ if name in body}
    birth = Birth(**{**fields, "entity_type": _entity_type(body)})
    return [{"lct_id": key.lct_id, "attestation": attest(key.private, birth, **changes)} for key in keys]


def _entity_type(body: Mapping[str, Any]) -> EntityType:
    return EntityType(ALIASES.get(body["entity_type"], body["entity_type"]))
