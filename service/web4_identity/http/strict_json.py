"""JSON bodies read strictly: a member named twice, or a number that JSON lacks, is malformed."""

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope


class StrictJsonRoute(APIRoute):
    """A route whose body means the same to every reader. Source: RFC 8259, section 4 (names should be unique)."""

    exact = False
    """Whether a number with a fraction is read as the Decimal that its text says, not as the nearest float."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Hand the request on as one that reads JSON strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive, exact=self.exact))

        return strict


class ExactJsonRoute(StrictJsonRoute):
    """A StrictJsonRoute that reads fractions exactly."""

    exact = True


class _StrictRequest(Request):
    def __init__(self, scope: Scope, receive: Receive, *, exact: bool) -> None:
        super().__init__(scope, receive)
        self._parse_float = Decimal if exact else float

    async def json(self) -> Any:
        """The body as JSON; raises JSONDecodeError."""
        if not hasattr(self, "_strict_json"):
            text = (await self.body()).decode("utf-8")
            self._strict_json = json.loads(
                text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=self._parse_float
            )
        return self._strict_json


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise json.JSONDecodeError("a member is named twice", "", 0)
    return members


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is no JSON number", "", 0)
