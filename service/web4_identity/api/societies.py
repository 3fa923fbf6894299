"""GET /v1/societies/{name}."""

from fastapi import FastAPI

from web4_identity import problems
from web4_identity.api.answers import Society
from web4_identity.api.documented import refusals
from web4_identity.db.balances import society_with_pool
from web4_identity.domain.pricing import PriceTooHigh, mint_price
from web4_identity.domain.societies import is_society_name
from web4_identity.problems import Problem
from web4_identity.resources import Resources


def add_society_routes(app: FastAPI, resources: Resources) -> None:
    """Add the route to `app`."""
    base, factor = resources.settings.mint_base_cost, resources.settings.mint_scale_factor

    # A name may hold a slash, sent as it is or as %2F, which the server decodes before it routes.
    @app.get("/v1/societies/{name:path}", responses=refusals(problems.SOCIETY_NOT_FOUND))
    async def read_society(name: str) -> Society:
        """A registered society, what its next mint costs, and what its pool has left for grants."""
        row = None
        if is_society_name(name):
            async with resources.database.transaction() as connection:
                row = await society_with_pool(connection, name)
        if row is None:
            raise Problem(problems.SOCIETY_NOT_FOUND, "no society of this name is registered")
        try:
            price = mint_price(base, factor, row["lct_count"])
        except PriceTooHigh:
            price = None
        return Society(**row, next_mint_price=price)
