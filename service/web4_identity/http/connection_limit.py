"""Refuse requests while more connections are open than are allowed."""

from starlette.types import ASGIApp, Receive, Scope, Send

from web4_identity import problems
from web4_identity.http.problem_response import problem_response
from web4_identity.problems import Problem


class ConnectionLimit:
    """Answers 503 under /v1/ and closes the connection; probes are answered, as a restart would cure nothing.

    uvicorn's own limit_concurrency refuses probes too, in plain text, uncounted.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 503."""
        if (
            scope["type"] == "http"
            and scope["path"].startswith("/v1/")
            and len(scope["app"].state.connections) > self._limit
        ):
            problem = Problem(
                problems.UNAVAILABLE,
                f"more than {self._limit} connections are open; try again",
                headers={"Retry-After": "1", "Connection": "close"},
            )
            return await problem_response(scope, problem)(scope, receive, send)
        return await self._app(scope, receive, send)
