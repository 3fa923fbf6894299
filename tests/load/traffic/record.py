"""What the load was told: one line of JSON for each request, acknowledged or not."""

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["found", "mint", "read", "revoke", "bad"]


@dataclass(frozen=True)
class Sent:
    """One request and what came of it.

    Attributes:
        at: when it was sent, in seconds since 1970; a retry does not change it.
        until: when it was answered, or given up.
        kind: what was asked.
        ok: whether it was answered as it should be; for `bad` that is a refusal.
        status: the last answer's; None without one.
        error: why there was none, or the problem's code.
        retries: how often it was sent again, under the same key, after a connection was refused or lost.
        society: where the payer is from.
        payer: who signed, an LCT id; empty if nobody.
        key: its Idempotency-Key; empty for a read.
        lct_id: whom it is about.
        public_key: that LCT's: the one sent for it, or the one that a read told.
        price: the ATP that a mint said it cost.
        state: `active` or `revoked`, as a read told.
    """

    at: float
    until: float
    kind: Kind
    ok: bool
    status: int | None
    error: str = ""
    retries: int = 0
    society: str = ""
    payer: str = ""
    key: str = ""
    lct_id: str = ""
    public_key: str = ""
    price: int | None = None
    state: str = ""


class Record:
    """The file that they are written to, each line at once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, sent: Sent) -> None:
        """Add a request."""
        with self._lock:
            self._file.write(json.dumps(asdict(sent)) + "\n")


def read_record(path: Path) -> list[Sent]:
    """Return what was written so far, in the order of the answers; a line that is still being written is left out."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [Sent(**json.loads(line)) for line in lines if line.endswith("\n")]
