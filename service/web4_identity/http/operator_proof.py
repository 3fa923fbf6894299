"""The proof that only an operator can give."""

from fastapi import Request

from web4_identity import problems
from web4_identity.http.payer_proof import PROOF_REFUSALS, PayerProof, ProvedPayer
from web4_identity.problems import Problem
from web4_identity.resources import Resources

OPERATOR_REFUSALS = (*PROOF_REFUSALS, problems.NOT_OPERATOR, problems.LCT_REVOKED)
"""What a request without a good proof, or of somebody else, can be answered."""


class OperatorProof:
    """A FastAPI dependency that gives the ProvedPayer of a request when it is one of OPERATOR_LCT_IDS."""

    def __init__(self, resources: Resources) -> None:
        self._proof = PayerProof(resources)
        self._operators = frozenset(resources.settings.operator_lct_ids)

    async def __call__(self, request: Request) -> ProvedPayer:
        """Check the proof as a mint's is checked. Raises what PayerProof raises, and Problem (403)."""
        signer = await self._proof(request)
        if signer.lct_id not in self._operators:
            raise Problem(problems.NOT_OPERATOR, "the LCT that signed is none of this service's OPERATOR_LCT_IDS")
        return signer
