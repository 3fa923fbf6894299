"""POST /v1/lct/{lct_id}/revoke."""

from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field

from web4_identity import problems
from web4_identity.api.answers import RevocationAnswer
from web4_identity.api.documented import BODY_REFUSALS, refusals
from web4_identity.api.mint_request import PRINTABLE_PATTERN
from web4_identity.db.idempotency import Attempt
from web4_identity.db.revocation import revoke
from web4_identity.http.payer_proof import PROOF_REFUSALS, PayerProof, ProvedPayer
from web4_identity.logs import logger
from web4_identity.problems import Problem
from web4_identity.resources import Resources

MAX_REASON_LENGTH = 256
_log = logger()


class RevocationRequest(BaseModel):
    """Why, if the entity wants to say so. Everybody can read it in the LCT's document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(pattern=PRINTABLE_PATTERN, min_length=1, max_length=MAX_REASON_LENGTH)] | None = None


def add_revocation_routes(app: FastAPI, resources: Resources) -> None:
    """Add the route to `app`."""
    # A revoked LCT may still ask what its revocation was answered.
    proof = Depends(PayerProof(resources, revoked_may_ask=True))

    @app.post(
        "/v1/lct/{lct_id}/revoke",
        responses=refusals(
            *PROOF_REFUSALS,
            problems.CALLER_MISMATCH,
            problems.ALREADY_REVOKED,
            *BODY_REFUSALS,
            problems.IDEMPOTENCY_CONFLICT,
        ),
    )
    async def revoke_lct(
        lct_id: str, body: RevocationRequest, signer: Annotated[ProvedPayer, proof]
    ) -> RevocationAnswer:
        """Revoke an LCT for good: it can no longer pay or witness. 200 means it is committed.

        The entity itself signs the request, as the payer of a mint does (RFC 9421, Ed25519, keyid its LCT id). No ATP
        moves. The same Idempotency-Key with the same body gives the first answer again.
        """
        if lct_id != signer.lct_id:
            raise Problem(problems.CALLER_MISMATCH, "an LCT is revoked by its own signature only")
        attempt = Attempt(signer.lct_id, signer.idempotency_key, signer.body_sha256)
        revoked, fresh = await revoke(resources.database, attempt, body.reason)
        _log.info("lct_revoked", lct_id=revoked.lct_id, reason=revoked.reason, repeated=not fresh)
        return RevocationAnswer(
            lct_id=revoked.lct_id, revocation={"status": "revoked", "ts": revoked.ts, "reason": revoked.reason}
        )
