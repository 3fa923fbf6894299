"""Apply the rate limit to /v1/ before a body is read."""

from starlette.types import ASGIApp, Receive, Scope, Send

from web4_identity import problems
from web4_identity.http.problem_response import problem_response
from web4_identity.http.rate_limiter import LimitStoreUnavailable, Verdict
from web4_identity.logs import logger
from web4_identity.problems import Problem
from web4_identity.resources import Resources

_READS = ("GET", "HEAD", "OPTIONS")
_log = logger()


class RateLimit:
    """Counts each /v1/ request against its client's address, as the access middleware found it."""

    def __init__(self, app: ASGIApp, resources: Resources) -> None:
        self._app = app
        self._limiter = resources.rate_limiter
        self._metrics = resources.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 429, or 503 for a write that cannot be counted."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            problem = await self._judge(scope)
            if problem is not None:
                return await problem_response(scope, problem)(scope, receive, send)
        return await self._app(scope, receive, send)

    async def _judge(self, scope: Scope) -> Problem | None:
        try:
            verdict = await self._limiter.hit(scope["state"]["client_ip"])
        except LimitStoreUnavailable as error:
            self._metrics.rate_limit_store_errors.inc()
            # Fail closed for what spends ATP and makes identities; a read without a limit harms nobody.
            admitted = scope["method"] in _READS
            _log.error("rate_limit_store_unavailable", cause=str(error), admitted=admitted)
            if admitted:
                return None
            return Problem(
                problems.UNAVAILABLE, "the rate limit cannot be counted; try again", headers={"Retry-After": "5"}
            )
        if verdict.allowed:
            return None
        self._metrics.rate_limited.labels("ip").inc()
        return _too_many(verdict)


def _too_many(verdict: Verdict) -> Problem:
    wait = str(verdict.reset_seconds)
    return Problem(
        problems.RATE_LIMITED,
        f"the limit is {verdict.limit} requests a window; try again in {wait} s",
        headers={
            "Retry-After": wait,
            "RateLimit-Limit": str(verdict.limit),
            "RateLimit-Remaining": str(verdict.remaining),
            "RateLimit-Reset": wait,
        },
    )
