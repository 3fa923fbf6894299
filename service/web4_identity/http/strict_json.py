"""JSON bodies read strictly: a member named twice, or a number that JSON lacks, is malformed."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class StrictJsonRoute(APIRoute):
    """A route whose body means the same to every reader. Source: RFC 8259, section 4 (names should be unique)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Hand the request on as one that reads JSON strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body as JSON; raises JSONDecodeError."""
        if not hasattr(self, "_strict_json"):
            text = (await self.body()).decode("utf-8")
            self._strict_json = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        return self._strict_json


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise json.JSONDecodeError("a member is named twice", "", 0)
    return members


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is no JSON number", "", 0)
