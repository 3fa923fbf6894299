"""The shapes of the answers."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


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


class Balance(BaseModel):
    """What one LCT has, in whole ATP, and the name of its society."""

    lct_id: str
    balance: int
    society: str


class Society(BaseModel):
    """One society; amounts are whole ATP.

    `lct_count` does not count the founder's LCT. `next_mint_price` is null when mints have become too dear to exist.
    """

    name: str
    founder: str
    lct_count: int
    next_mint_price: int | None
    pool_balance: int
    created_at: datetime


class LctSummary(BaseModel):
    """One LCT as a list shows it; GET /v1/lct/{lct_id} has its document."""

    model_config = ConfigDict(from_attributes=True)

    lct_id: str
    entity_type: str
    entity_identifier: str
    status: Literal["active", "revoked"]
    created_at: datetime


class LctPage(BaseModel):
    """Some LCTs of a society, and the cursor of those that follow, null when there are none."""

    data: list[LctSummary]
    next: str | None


class Revocation(BaseModel):
    """When an LCT was revoked, and why if it said so."""

    status: Literal["revoked"]
    ts: datetime
    reason: str | None


class RevocationAnswer(BaseModel):
    """The answer to a revocation."""

    success: Literal[True] = True
    lct_id: str
    revocation: Revocation


class StandingAnswer(BaseModel):
    """An LCT's standing as a witness: its T3 roots as exact decimals, actions credited, and known since when."""

    lct_id: str
    talent: Decimal
    training: Decimal
    temperament: Decimal
    actions: int
    since: datetime | None
