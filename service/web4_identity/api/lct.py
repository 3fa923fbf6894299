"""POST /v1/lct/mint and GET /v1/lct/{lct_id}."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response

from web4_identity import problems
from web4_identity.api.answers import LctData, MintAnswer
from web4_identity.api.conditional import json_document
from web4_identity.api.documented import BODY_REFUSALS, refusals
from web4_identity.api.mint_request import mint_request_model
from web4_identity.db.idempotency import Attempt
from web4_identity.db.minting import MintOrder, MintPolicy, mint
from web4_identity.db.registry import find_lct
from web4_identity.db.witnesses import WitnessPolicy
from web4_identity.domain.attestation import Testimony
from web4_identity.domain.binding import read_proof
from web4_identity.domain.cose import StatementRefused
from web4_identity.domain.document import lct_document
from web4_identity.domain.keys import is_lct_id
from web4_identity.http.access import MINT_ROUTE
from web4_identity.http.payer_proof import PROOF_REFUSALS, PayerProof, ProvedPayer
from web4_identity.logs import logger
from web4_identity.problems import Problem
from web4_identity.resources import Resources

_log = logger()
_MINT_REFUSALS = refusals(
    *PROOF_REFUSALS,
    problems.INSUFFICIENT_ATP,
    problems.CALLER_MISMATCH,
    problems.LCT_REVOKED,
    problems.SOCIETY_NOT_FOUND,
    problems.DUPLICATE,
    problems.WITNESS_QUORUM,
    problems.WITNESS_ATTESTATION,
    problems.WITNESS_REVOKED,
    problems.WITNESS_STANDING,
    problems.WITNESS_UNKNOWN,
    problems.POOL_EXHAUSTED,
    problems.PRICE_LIMIT,
    *BODY_REFUSALS,
    problems.BINDING_PROOF,
    problems.IDEMPOTENCY_CONFLICT,
)


def add_lct_routes(app: FastAPI, resources: Resources) -> None:
    """Add the LCT routes to `app`."""
    settings, metrics = resources.settings, resources.metrics
    policy = MintPolicy(
        settings.mint_base_cost,
        settings.mint_scale_factor,
        settings.initial_grant,
        timedelta(seconds=settings.binding_clock_skew),
        WitnessPolicy(
            settings.min_witness_reputation,
            timedelta(days=settings.min_witness_age_days),
            settings.min_witness_actions,
        ),
    )
    request_model = mint_request_model(settings)
    proof = Depends(PayerProof(resources))

    @app.post(MINT_ROUTE, status_code=201, responses=_MINT_REFUSALS)
    async def mint_lct(body: request_model, payer: Annotated[ProvedPayer, proof]) -> MintAnswer:  # type: ignore[valid-type]
        """Mint an LCT for the sent public key; 201 means it is committed.

        The payer signs the request (RFC 9421, Ed25519, keyid its LCT id) over @method, @authority, @path,
        content-digest and idempotency-key, with created, expires and nonce. The same Idempotency-Key with the same
        body gives the first answer again and charges nothing.
        """
        wish: Any = body  # a class of this run's settings, which no checker knows
        if wish.caller_lct_id != payer.lct_id:
            raise Problem(problems.CALLER_MISMATCH, "caller_lct_id must be the LCT whose key signed the request")
        try:
            bound_at = read_proof(wish.binding_proof, wish.entity_type, wish.public_key)
        except StatementRefused as error:
            raise Problem(problems.BINDING_PROOF, str(error)) from None
        fields = wish.model_dump(exclude={"caller_lct_id", "witnesses"})
        witnesses = [Testimony(each.lct_id, each.attestation) for each in wish.witnesses]
        order = MintOrder(**fields, witnesses=witnesses, binding_created_at=bound_at)
        attempt = Attempt(payer.lct_id, payer.idempotency_key, payer.body_sha256)
        minted, fresh = await mint(resources.database, order, policy, attempt)
        if fresh:
            metrics.minted.labels(order.entity_type.value, metrics.society(order.society)).inc()
            metrics.minting_cost.observe(minted.atp_cost)
        _log.info("lct_minted", lct_id=minted.lct_id, caller=payer.lct_id, atp_cost=minted.atp_cost, repeated=not fresh)
        return MintAnswer(
            data=LctData(
                lct_id=minted.lct_id,
                entity_type=order.entity_type.value,
                entity_identifier=order.entity_identifier,
                society=order.society,
                public_key=order.public_key,
                birth_certificate=minted.birth_certificate,
                created_at=minted.created_at,
            ),
            atp_cost=minted.atp_cost,
            caller_atp_remaining=minted.caller_atp_remaining,
            new_entity_atp_granted=minted.granted,
        )

    @app.get("/v1/lct/{lct_id}", responses=refusals(problems.LCT_NOT_FOUND))
    async def read_lct(lct_id: str, request: Request) -> Response:
        """The LCT's JSON-LD document, or 404; 304 when If-None-Match names its ETag."""
        found = None
        if is_lct_id(lct_id):
            async with resources.database.reading() as connection:
                found = await find_lct(connection, lct_id)
        if found is None:
            raise Problem(problems.LCT_NOT_FOUND, "no LCT of this id is registered")
        return json_document(request, lct_document(*found), "application/ld+json")
