"""GET /v1/atp/{lct_id}."""

from fastapi import FastAPI

from web4_identity import problems
from web4_identity.api.answers import Balance
from web4_identity.api.documented import refusals
from web4_identity.db.balances import balance_of
from web4_identity.domain.keys import is_lct_id
from web4_identity.problems import Problem
from web4_identity.resources import Resources


def add_balance_routes(app: FastAPI, resources: Resources) -> None:
    """Add the route to `app`."""

    @app.get("/v1/atp/{lct_id}", responses=refusals(problems.LCT_NOT_FOUND))
    async def read_balance(lct_id: str) -> Balance:
        """How much ATP the LCT has, in the society it was born into."""
        row = None
        if is_lct_id(lct_id):
            async with resources.database.reading() as connection:
                row = await balance_of(connection, lct_id)
        if row is None:
            raise Problem(problems.LCT_NOT_FOUND, "no LCT of this id is registered")
        return Balance(lct_id=lct_id, **row)
