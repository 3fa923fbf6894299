"""POST /v1/societies and GET /v1/societies/{name}."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, FastAPI, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from web4_identity import problems
from web4_identity.api.answers import Society
from web4_identity.api.documented import BODY_REFUSALS, refusals
from web4_identity.api.mint_request import MAX_BINDING_PROOF_LENGTH, STATEMENT_PATTERN, PublicKey
from web4_identity.db.balances import society_with_pool
from web4_identity.db.founding import Founding, GenesisRefused, KeyTaken, ProofRefused, SocietyExists
from web4_identity.db.genesis import found_for_operator
from web4_identity.db.idempotency import Attempt
from web4_identity.domain.pricing import MAX_ATP, PriceTooHigh, mint_price
from web4_identity.domain.societies import MAX_NAME_LENGTH, is_society_name
from web4_identity.http.operator_proof import OPERATOR_REFUSALS, OperatorProof
from web4_identity.http.payer_proof import ProvedPayer
from web4_identity.logs import logger
from web4_identity.problems import Problem
from web4_identity.resources import Resources

SOCIETIES_ROUTE = "/v1/societies"
_log = logger()


def _society_name(text: str) -> str:
    if not is_society_name(text):
        raise ValueError("must be printable characters without spaces around")
    return text


# Strict: neither true nor "100" nor 1e2 is an amount.
Atp = Annotated[int, Field(strict=True, ge=0, le=MAX_ATP)]


class FoundingRequest(BaseModel):
    """A society to found. Funds that are not given are 10 (founder) and 1000 (pool) times INITIAL_ATP_GRANT."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH), AfterValidator(_society_name)]
    founder_public_key: PublicKey
    binding_proof: Annotated[str, Field(pattern=STATEMENT_PATTERN, max_length=MAX_BINDING_PROOF_LENGTH)]
    founder_funds: Atp | None = None
    pool_funds: Atp | None = None


def add_society_routes(app: FastAPI, resources: Resources) -> None:
    """Add the routes to `app`."""
    settings = resources.settings
    base, factor = settings.mint_base_cost, settings.mint_scale_factor
    skew = timedelta(seconds=settings.binding_clock_skew)
    proof = Depends(OperatorProof(resources))

    @app.post(
        SOCIETIES_ROUTE,
        status_code=201,
        responses=refusals(
            *OPERATOR_REFUSALS,
            problems.SOCIETY_EXISTS,
            problems.DUPLICATE,
            *BODY_REFUSALS,
            problems.BINDING_PROOF,
            problems.IDEMPOTENCY_CONFLICT,
        ),
    )
    async def found_society(
        body: FoundingRequest, operator: Annotated[ProvedPayer, proof], response: Response
    ) -> Society:
        """Found a society: its founder's LCT, its pool and its ATP. 201 means it is committed.

        An operator signs the request, as the payer of a mint does (RFC 9421, Ed25519, keyid its LCT id); the binding
        proof is made with the founder's key for an organization, now. The same Idempotency-Key with the same body
        gives the first answer again.
        """
        founding = _founding(body, settings.initial_grant)
        attempt = Attempt(operator.lct_id, operator.idempotency_key, operator.body_sha256)
        try:
            founded, fresh = await found_for_operator(
                resources.database, founding, attempt, base_price=base, binding_skew=skew
            )
        except SocietyExists as error:
            raise Problem(problems.SOCIETY_EXISTS, str(error)) from None
        except KeyTaken as error:
            raise Problem(problems.DUPLICATE, str(error)) from None
        if fresh:
            resources.metrics.society(founded.name)
        _log.info(
            "society_founded",
            society=founded.name,
            founder=founded.founder,
            operator=operator.lct_id,
            repeated=not fresh,
        )
        response.headers["Location"] = f"{SOCIETIES_ROUTE}/{quote(founded.name, safe='')}"
        return Society(
            name=founded.name,
            founder=founded.founder,
            lct_count=0,
            next_mint_price=founded.next_mint_price,
            pool_balance=founded.pool_balance,
            created_at=founded.created_at,
        )

    # A name may hold a slash, sent as it is or as %2F, which the server decodes before it routes.
    @app.get(SOCIETIES_ROUTE + "/{name:path}", responses=refusals(problems.SOCIETY_NOT_FOUND))
    async def read_society(name: str) -> Society:
        """A registered society, what its next mint costs, and what its pool has left for grants."""
        row = None
        if is_society_name(name):
            async with resources.database.reading() as connection:
                row = await society_with_pool(connection, name)
        if row is None:
            raise Problem(problems.SOCIETY_NOT_FOUND, "no society of this name is registered")
        try:
            price = mint_price(base, factor, row["lct_count"])
        except PriceTooHigh:
            price = None
        return Society(**row, next_mint_price=price)


def _founding(body: FoundingRequest, grant: int) -> Founding:
    try:
        return Founding.checked(grant=grant, **body.model_dump())
    except ProofRefused as error:
        raise Problem(problems.BINDING_PROOF, error.reason) from None
    except GenesisRefused as error:
        # The sum of the funds: as FastAPI itself refuses a body, so that the answer and the metric are the same.
        raise RequestValidationError([{"type": "value_error", "loc": ("body",), "msg": str(error)}]) from None
