"""Refuse request bodies over 10 KiB, declared or streamed (published service, 413)."""

import asyncio
import contextlib

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web4_identity import problems
from web4_identity.http.problem_response import problem_response
from web4_identity.problems import Problem

MAX_BODY_BYTES = 10 * 1024
# What is read and thrown away of a body that is refused: all that the edge lets through, and some more.
LINGER_BYTES = 64 * 1024
LINGER_SECONDS = 2


class BodyLimit(RequestBodyLimitMiddleware):
    """Starlette's limit, which counts bytes as they stream in, with a declared length refused before anything is read.

    Starlette answers a declared length in plain text; every refusal of this service is a problem document. What it
    finds while streaming it raises as an HTTPException, which whoever reads the body renders.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, MAX_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        headers = Headers(scope=scope)

        async def send_after_body(message: Message) -> None:
            # A connection closed on bytes that nobody read is reset, and the client, or a proxy, loses the answer.
            if message["type"] == "http.response.start" and message["status"] == 413 and "expect" not in headers:
                await _linger(receive)
            await send(message)

        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > MAX_BODY_BYTES:
            problem = Problem(problems.BODY_TOO_LARGE, f"the body may hold {MAX_BODY_BYTES} bytes")
            return await problem_response(scope, problem)(scope, receive, send_after_body)
        return await super().__call__(scope, receive, send_after_body)


async def _linger(receive: Receive) -> None:
    seen, more = 0, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while more and seen < LINGER_BYTES:
                message = await receive()
                seen += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)
