"""The shapes of the answers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel


class LctData(BaseModel):
    """One LCT. `public_key` is the Multikey z6Mk...; no answer ever holds a private key."""

    lct_id: str
    entity_type: str
    entity_identifier: str
    society: str
    public_key: str
    birth_certificate: dict[str, Any] | None
    created_at: datetime


class MintAnswer(BaseModel):
    """The answer to a mint. Amounts are whole ATP."""

    success: Literal[True] = True
    data: LctData
    atp_cost: int
    caller_atp_remaining: int
    new_entity_atp_granted: int
