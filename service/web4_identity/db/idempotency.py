"""What each Idempotency-Key of a payer was answered, kept in the transaction of the mint or revocation itself.

Source: the Idempotency-Key header field (IETF httpapi working group): a repeat gets the first answer, another request
under the same key is refused.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity import problems
from web4_identity.db.tables import idempotency
from web4_identity.db.violations import violated_key
from web4_identity.problems import Problem


@dataclass(frozen=True)
class Attempt:
    """One sending of a request: the proved payer (LCT id), its key, and the SHA-256 of the raw body."""

    payer: str
    key: str
    request_sha256: bytes


async def recall(connection: AsyncConnection, attempt: Attempt) -> dict[str, Any] | None:
    """What this request was answered before, or None.

    The caller holds the lock that the first request of the same body held until its end, so a first one under way is
    seen. Raises Problem (422) when the key belongs to another body.
    """
    query = select(idempotency.c.request_sha256, idempotency.c.answer).where(
        idempotency.c.payer == attempt.payer, idempotency.c.key == attempt.key
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else recalled(attempt, row.request_sha256, row.answer)


def recalled(attempt: Attempt, request_sha256: bytes, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a record; raises Problem (422) when the record is another body's."""
    if request_sha256 != attempt.request_sha256:
        raise conflict()
    return answer


async def remember(connection: AsyncConnection, attempt: Attempt, answer: dict[str, Any]) -> None:
    """Keep the answer. Raises sqlalchemy's IntegrityError when a concurrent request took the key first."""
    await connection.execute(
        insert(idempotency).values(
            payer=attempt.payer, key=attempt.key, request_sha256=attempt.request_sha256, answer=answer
        )
    )


def key_taken(error: IntegrityError) -> bool:
    """Whether `error` says that a concurrent request took the key first."""
    return violated_key(error) == "idempotency_pkey"


def conflict() -> Problem:
    """The refusal of another request under a used key."""
    return Problem(
        problems.IDEMPOTENCY_CONFLICT, "this Idempotency-Key was used with another body; a new request needs a new key"
    )
