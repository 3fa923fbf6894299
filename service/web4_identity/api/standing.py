"""PUT /v1/witnesses/{lct_id}/standing."""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from web4_identity import problems
from web4_identity.api.answers import StandingAnswer
from web4_identity.api.documented import BODY_REFUSALS, refusals
from web4_identity.db.standing import Standing, StandingRefused, set_standing
from web4_identity.domain.keys import is_lct_id
from web4_identity.http.operator_proof import OPERATOR_REFUSALS, OperatorProof
from web4_identity.http.payer_proof import ProvedPayer
from web4_identity.http.strict_json import ExactJsonRoute
from web4_identity.logs import logger
from web4_identity.problems import Problem
from web4_identity.resources import Resources

STANDING_ROUTE = "/v1/witnesses/{lct_id}/standing"
MAX_ACTIONS = 2**31
ROOT_DECIMALS = 4
_PLAIN = r"^[01](\.[0-9]{1,4})?$"
# How RFC 3339 begins; a text of digits alone would be read as seconds since 1970.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT.*", re.ASCII)
_log = logger()


def _plain(value: object) -> object:
    """Let numbers pass, and of texts only plain decimals: Decimal itself also reads " 1_0e-1 "."""
    if isinstance(value, bool) or (isinstance(value, str) and not re.fullmatch(_PLAIN, value)):
        raise ValueError("must be a decimal from 0 to 1, such as 0.75")
    return value


def _time(value: object) -> object:
    if value is not None and not (isinstance(value, str) and _TIME.fullmatch(value)):
        raise ValueError("must be a time with its zone, such as 2025-01-31T00:00:00Z")
    return value


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999 in UTC") from None


Root = Annotated[
    Decimal,
    BeforeValidator(_plain),
    Field(ge=0, le=1, max_digits=1 + ROOT_DECIMALS, decimal_places=ROOT_DECIMALS),
    # Minus zero is zero.
    AfterValidator(abs),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": _PLAIN}]}),
]


class StandingRequest(BaseModel):
    """T3 roots as JSON numbers or texts, read exactly; actions credited; and since when the LCT is known.

    The LCT's mint counts as `since` if that is earlier.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    talent: Root
    training: Root
    temperament: Root
    actions: Annotated[int, Field(strict=True, ge=0, le=MAX_ACTIONS)]
    since: Annotated[Annotated[AwareDatetime, AfterValidator(_utc)] | None, BeforeValidator(_time)] = None


def add_standing_routes(app: FastAPI, resources: Resources) -> None:
    """Add the route to `app`."""
    proof = Depends(OperatorProof(resources))

    async def set_witness_standing(
        lct_id: str, body: StandingRequest, operator: Annotated[ProvedPayer, proof]
    ) -> StandingAnswer:
        """Set an LCT's standing as a witness, in place of any before. 200 means it is committed.

        An operator signs the request, as the payer of a mint does (RFC 9421, Ed25519, keyid its LCT id). Repeating it
        sets the same again, so its Idempotency-Key is not remembered.
        """
        standing = Standing(**body.model_dump())
        try:
            if not is_lct_id(lct_id):
                raise StandingRefused("this is no LCT id")
            await set_standing(resources.database, lct_id, standing, actor=operator.lct_id)
        except StandingRefused:
            raise Problem(problems.LCT_NOT_FOUND, "no LCT of this id is registered") from None
        _log.info("standing_set", lct_id=lct_id, operator=operator.lct_id)
        return StandingAnswer(lct_id=lct_id, **asdict(standing))

    app.router.add_api_route(
        STANDING_ROUTE,
        set_witness_standing,
        methods=["PUT"],
        route_class_override=ExactJsonRoute,
        responses=refusals(*OPERATOR_REFUSALS, problems.LCT_NOT_FOUND, *BODY_REFUSALS),
    )
