"""Refuse request bodies that do not arrive in time: a client that trickles must not hold a connection for ever."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_SECONDS = 10


class BodyTime:
    """Gives the whole body BODY_SECONDS from its first read; then 408, and the connection closes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that ends in time or raises."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        deadline: float | None = None
        complete = False

        async def receive_in_time() -> Message:
            nonlocal deadline, complete
            # After the body the app may wait for the client's leaving as long as its answer takes.
            if complete:
                return await receive()
            deadline = deadline or asyncio.get_running_loop().time() + BODY_SECONDS
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                # What is still to come would be read as the next request, so the connection must not be kept.
                raise HTTPException(408, f"the body must arrive in {BODY_SECONDS} s", {"Connection": "close"}) from None
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)
