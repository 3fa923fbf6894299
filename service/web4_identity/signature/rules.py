"""What both sides of a payer's signature agree on."""

import re

COVERED = ("@method", "@authority", "@path", "content-digest", "idempotency-key")
"""The components a signature covers at least (RFC 9421, section 2): who is asked, for what, and for which mint."""

MAX_LIFETIME_SECONDS = 60
"""The longest time between a signature's created and expires."""

NONCE_PATTERN = re.compile(r"[\x21-\x7e]{16,128}")
"""A nonce is 16 to 128 visible ASCII characters: short ones would collide by chance."""

IDEMPOTENCY_HEADER = "Idempotency-Key"

IDEMPOTENCY_PATTERN = re.compile(r"[\x21-\x7e]{1,128}")
"""An Idempotency-Key is 1 to 128 visible ASCII characters."""
