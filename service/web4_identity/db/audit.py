"""Write down who did what in the transaction that does it, so that an entry stands for what is committed."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Insert, insert

from web4_identity.db.tables import audit_entries

Action = Literal["found", "mint", "revoke", "standing"]


def audit_entry(action: Action, *, actor: str | None, subject: str, now: datetime, **detail: Any) -> Insert:
    """The statement that adds one entry; the table refuses every change of it.

    `actor` is the LCT id that proved to have asked, None on the command line; `subject` is the LCT id it was done to;
    `detail` is what else an auditor asks for, as JSON, never a secret.
    """
    return insert(audit_entries).values(created_at=now, actor=actor, action=action, subject=subject, detail=detail)
