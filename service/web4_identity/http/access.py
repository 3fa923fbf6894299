"""The outermost layer: request id, client address, access log, timing, and the last net under errors."""

import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from web4_identity import problems
from web4_identity.http.client_ip import client_ip
from web4_identity.http.problem_response import problem_response
from web4_identity.logs import logger
from web4_identity.problems import Problem
from web4_identity.resources import Resources

MINT_ROUTE = "/v1/lct/mint"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Asked every few seconds by the cluster: worth a line only when they fail.
_QUIET = ("/health", "/livez", "/readyz", "/metrics")
_log = logger()


class Access:
    """Sees every request first and every answer last."""

    def __init__(self, app: ASGIApp, resources: Resources) -> None:
        self._app = app
        self._trusted = resources.settings.trusted_proxies
        self._metrics = resources.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app for one request; an exception nobody expected becomes a 500 without its text."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        state = scope.setdefault("state", {})
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        peer = scope["client"][0] if scope.get("client") else "unknown"
        state["client_ip"] = client_ip(peer, headers.getlist("x-forwarded-for"), self._trusted)
        # Stays 500 when the client went away before an answer began.
        status = 500
        answering = False

        async def send_with_id(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                answering, status = True, message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:
                _log.exception("unexpected_error")
                if answering:
                    raise
                problem = Problem(problems.INTERNAL, "the request could not be served; the log has it under its id")
                await problem_response(scope, problem)(scope, receive, send_with_id)
            finally:
                self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.request_seconds.labels(method, route, f"{status // 100}xx").observe(seconds)
        reason = scope["state"].get("problem_reason")
        if reason and route == MINT_ROUTE and method == "POST":
            self._metrics.mint_rejected.labels(reason).inc()
        if route not in _QUIET or status >= 400:
            _log.info(
                "request",
                client_ip=scope["state"]["client_ip"],
                method=method,
                route=route,
                status=status,
                duration_ms=round(seconds * 1000, 1),
            )


def route_template(scope: Scope) -> str:
    """The template of the route a request is for, such as /v1/lct/{lct_id}; "unmatched" when there is none.

    Works for a request that a limit refused before the router saw it. A path itself never becomes a label.
    """
    for route in scope["app"].routes:
        if route.matches(scope)[0] is not Match.NONE:
            return getattr(route, "path", "unmatched")
    return "unmatched"
