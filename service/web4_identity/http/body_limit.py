"""Refuse request bodies over 10 KiB, declared or streamed (published service, 413)."""

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from web4_identity import problems
from web4_identity.http.problem_response import problem_response
from web4_identity.problems import Problem

MAX_BODY_BYTES = 10 * 1024


class BodyLimit(RequestBodyLimitMiddleware):
    """Starlette's limit, which counts bytes as they stream in, with a declared length refused before anything is read.

    Starlette answers a declared length in plain text; every refusal of this service is a problem document. What it
    finds while streaming it raises as an HTTPException, which the problem handlers render.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, MAX_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] == "http":
            declared = Headers(scope=scope).get("content-length", "")
            if declared.isdecimal() and int(declared[:20]) > MAX_BODY_BYTES:
                problem = Problem(problems.BODY_TOO_LARGE, f"the body may hold {MAX_BODY_BYTES} bytes")
                return await problem_response(scope, problem)(scope, receive, send)
        return await super().__call__(scope, receive, send)
