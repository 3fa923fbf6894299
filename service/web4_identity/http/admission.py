"""Let so many requests work at once and have the others wait their turn, so that a rush slows down and does not fail.

Without it a thousand requests at once share the process's one thread: each waits for the others between asking Redis or
the database and reading the answer, until the time for that answer is over, and nearly all of them fail.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web4_identity import problems
from web4_identity.http.problem_response import http_problem, problem_response
from web4_identity.problems import Problem
from web4_identity.resources import Resources

WAIT_SECONDS = 10
LEAST_AT_ONCE = 32


class Admission:
    """Reads a /v1/ request's body whole, then waits for one of the places.

    A client that trickles its body holds a connection only, never a place. Wants the limits of size and time around it.
    """

    def __init__(self, app: ASGIApp, resources: Resources) -> None:
        self._app = app
        # While some wait for the database's connections, others verify signatures.
        self._places = asyncio.Semaphore(max(LEAST_AT_ONCE, 2 * resources.settings.db_pool_size))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 503 when no place came free in time, or what is wrong with its body."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            return await self._app(scope, receive, send)
        try:
            body = await _whole_body(receive)
        except HTTPException as error:
            return await problem_response(scope, http_problem(error))(scope, receive, send)
        if body is None:
            return None
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            problem = Problem(
                problems.UNAVAILABLE, "too many requests at once; try again", headers={"Retry-After": "5"}
            )
            return await problem_response(scope, problem)(scope, receive, send)
        try:
            await self._app(scope, _replay(body, receive), send)
        finally:
            self._places.release()


async def _whole_body(receive: Receive) -> bytes | None:
    """The body, or None when the client left before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body in one piece, then whatever follows it (the client's leaving)."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
