"""Ed25519 keys as LCTs use them: the Multikey form z6Mk... and the LCT id made from the public key."""

import base64
import hashlib
import re
from functools import lru_cache

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Multicodec ed25519-pub (0xed) as an unsigned varint.
_ED25519_PREFIX = b"\xed\x01"
LCT_ID_PATTERN = r"^lct:web4:[A-Za-z0-9_:-]+$"
MAX_LCT_ID_LENGTH = 256


def is_lct_id(text: str) -> bool:
    """Whether `text` has the form of an LCT id. What has not is not asked for: the database chokes on some (NUL)."""
    return len(text) <= MAX_LCT_ID_LENGTH and re.fullmatch(LCT_ID_PATTERN, text) is not None


def lct_id(raw_public_key: bytes) -> str:
    """The LCT id of 32 raw public key bytes: base32, lower case, unpadded, of their SHA-256.

    Source: Web4 LCT specification, lct_id.
    """
    digest = hashlib.sha256(raw_public_key).digest()
    return "lct:web4:mb32:b" + base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def to_multikey(raw_public_key: bytes) -> str:
    """Write 32 raw Ed25519 public key bytes as a Multikey, z6Mk... (W3C Multikey, base58btc)."""
    return "z" + base58.b58encode(_ED25519_PREFIX + raw_public_key).decode("ascii")


@lru_cache(maxsize=1024)
def from_multikey(text: str) -> bytes:
    """Read a Multikey z6Mk... into 32 raw Ed25519 public key bytes.

    Raises ValueError when the text is not the canonical Multikey of an Ed25519 public key. Kept for the keys seen last:
    a mint asks for each of its keys several times.
    """
    # 48 characters is the length of every Ed25519 Multikey: a long text must not reach the quadratic decoder.
    if len(text) != 48 or not text.startswith("z6Mk"):
        raise ValueError("not an Ed25519 Multikey (z6Mk..., 48 characters)")
    try:
        decoded = base58.b58decode(text[1:])
    except ValueError:
        raise ValueError("not base58btc") from None
    raw = decoded.removeprefix(_ED25519_PREFIX)
    if len(raw) != 32 or to_multikey(raw) != text:
        raise ValueError("not a canonical Ed25519 Multikey")
    Ed25519PublicKey.from_public_bytes(raw)
    return raw


def raw_public_key(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw public key bytes of a private key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
