"""Apply the limit per client to /v1/, before a request is worked on."""

from starlette.types import ASGIApp, Receive, Scope, Send

from web4_identity import problems
from web4_identity.http.problem_response import problem_response
from web4_identity.http.rate_limiter import rate_limit_key
from web4_identity.http.verdict import LimitType, Verdict
from web4_identity.problems import Problem
from web4_identity.redis_store import StoreUnavailable
from web4_identity.resources import Resources

_READS = ("GET", "HEAD", "OPTIONS")


class RateLimit:
    """Counts each /v1/ request against its client's address, as the access middleware found it."""

    def __init__(self, app: ASGIApp, resources: Resources) -> None:
        self._app = app
        self._resources = resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 429, or 503 for a write that cannot be counted."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            try:
                key = rate_limit_key(scope["state"]["client_ip"])
                await spend(self._resources, LimitType.IP, key, write=scope["method"] not in _READS)
            except Problem as problem:
                return await problem_response(scope, problem)(scope, receive, send)
        return await self._app(scope, receive, send)


async def spend(resources: Resources, limit: LimitType, who: str, *, write: bool) -> None:
    """Count one request of `who` against `limit`.

    Raises Problem: 429 over the limit, 503 for a write that cannot be counted.
    """
    try:
        verdict = await resources.rate_limiter.hit(limit, who, write=write)
    except StoreUnavailable as error:
        raise store_unavailable() from error
    if not verdict.allowed:
        resources.metrics.rate_limited.labels(limit.value).inc()
        raise _too_many(verdict)


def store_unavailable() -> Problem:
    """The refusal (503) of what cannot do without Redis."""
    return Problem(problems.UNAVAILABLE, "limits and nonces cannot be kept; try again", headers={"Retry-After": "5"})


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
