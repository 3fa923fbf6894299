"""How old a binding may be when its entity is registered."""

from datetime import datetime, timedelta

from web4_identity import problems
from web4_identity.problems import Problem


def require_fresh_binding(created_at: str, now: datetime, skew: timedelta) -> None:
    """Refuse a binding whose signed time (RFC 3339) is more than `skew` from `now`, an aware time.

    To be asked inside the transaction, after the Idempotency-Key's record: a late repeat must get its first answer.
    Raises Problem (422).
    """
    if abs(now - datetime.fromisoformat(created_at)) > skew:
        raise Problem(problems.BINDING_PROOF, f"created_at is more than {skew.seconds} s from now")
