"""GET /v1/lct: the LCTs of a society, page by page."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from web4_identity import problems
from web4_identity.api.answers import LctPage, LctSummary
from web4_identity.api.cursor import CursorRefused, read_cursor, write_cursor
from web4_identity.api.documented import refusals
from web4_identity.db.listing import lcts_after, society_id_of
from web4_identity.domain.societies import is_society_name
from web4_identity.problems import Problem
from web4_identity.resources import Resources

LIST_ROUTE = "/v1/lct"
MAX_LIMIT = 100


class PageQuery(BaseModel):
    """Which page. Unknown parameters are refused: a mistyped `after` would give the first page for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    society: str
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 20
    after: str | None = None


def add_listing_routes(app: FastAPI, resources: Resources) -> None:
    """Add the route to `app`."""

    @app.get(LIST_ROUTE, responses=refusals(problems.SOCIETY_NOT_FOUND, problems.VALIDATION))
    async def list_lcts(page: Annotated[PageQuery, Query()], response: Response) -> LctPage:
        """The LCTs of a society in the order of their mints, the founder's first, at most `limit` of them.

        `next` is the `after` of the page that follows, which the Link header names in full (RFC 8288); null on the
        last one. LCTs minted meanwhile come at the end: no page repeats or misses one.
        """
        if not is_society_name(page.society):
            raise _not_registered()
        async with resources.database.reading() as connection:
            society_id = await society_id_of(connection, page.society)
            if society_id is None:
                raise _not_registered()
            position = 0 if page.after is None else _position(page.after, society_id)
            # One more than asked for tells whether there is a page after this one.
            rows = await lcts_after(connection, society_id, position, page.limit + 1)
        shown, following = rows[: page.limit], None
        if len(rows) > page.limit:
            following = write_cursor(society_id, shown[-1].position)
            query = urlencode({"society": page.society, "limit": page.limit, "after": following})
            response.headers["Link"] = f'<{LIST_ROUTE}?{query}>; rel="next"'
        return LctPage(data=[LctSummary.model_validate(row) for row in shown], next=following)


def _not_registered() -> Problem:
    return Problem(problems.SOCIETY_NOT_FOUND, "no society of this name is registered")


def _position(after: str, society_id: int) -> int:
    try:
        return read_cursor(after, society_id)
    except CursorRefused as error:
        # As FastAPI itself refuses a parameter, so that the answer and the metric are the same.
        raise RequestValidationError([{"type": "value_error", "loc": ("query", "after"), "msg": str(error)}]) from None
