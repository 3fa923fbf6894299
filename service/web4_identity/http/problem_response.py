"""Render every refusal as an RFC 9457 problem document."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Scope

from web4_identity import problems
from web4_identity.db.engine import DatabaseUnavailable
from web4_identity.logs import logger
from web4_identity.metrics import VALIDATED_FIELDS
from web4_identity.problems import Problem
from web4_identity.resources import Resources

MEDIA_TYPE = "application/problem+json"
# Statuses that Starlette itself answers with.
_BY_STATUS = {
    kind.status: kind
    for kind in (
        problems.BAD_REQUEST,
        problems.NOT_FOUND,
        problems.METHOD_NOT_ALLOWED,
        problems.BODY_TOO_SLOW,
        problems.BODY_TOO_LARGE,
    )
}
_log = logger()


def problem_response(scope: Scope, problem: Problem) -> JSONResponse:
    """The response for one problem. Leaves its metric reason in the scope, where the access middleware counts it."""
    kind = problem.kind
    scope.setdefault("state", {})["problem_reason"] = kind.reason
    body = {"title": kind.title, "status": kind.status, "code": kind.code, "detail": problem.detail, **problem.extra}
    return JSONResponse(body, kind.status, headers=problem.headers, media_type=MEDIA_TYPE)


def http_problem(error: HTTPException) -> Problem:
    """The problem that one of Starlette's own refusals is."""
    kind = _BY_STATUS.get(error.status_code, problems.BAD_REQUEST)
    return Problem(kind, error.detail, headers=dict(error.headers or {}))


def add_problem_handlers(app: FastAPI, resources: Resources) -> None:
    """Teach `app` to answer every expected exception with a problem document."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> JSONResponse:
        return problem_response(request.scope, error)

    @app.exception_handler(DatabaseUnavailable)
    async def on_database(request: Request, error: DatabaseUnavailable) -> JSONResponse:
        _log.error("database_unavailable", cause=str(error))
        resources.metrics.database_failed(error)
        return problem_response(
            request.scope,
            Problem(problems.UNAVAILABLE, "the registry cannot be reached; try again", headers={"Retry-After": "5"}),
        )

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"field": _path(item), "message": item["msg"]} for item in error.errors()]
        for name in sorted({_label(item) for item in error.errors()}):
            resources.metrics.invalid.labels(name).inc()
        names = ", ".join(dict.fromkeys(item["field"] for item in errors))
        return problem_response(request.scope, Problem(problems.VALIDATION, f"invalid: {names}", errors=errors))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        return problem_response(request.scope, http_problem(error))


def _path(item: dict[str, Any]) -> str:
    """Where the error is, such as "witnesses.1"; "body" when it is the body as a whole."""
    inside = [str(part) for part in item["loc"][1:]] if item["type"] != "json_invalid" else []
    return ".".join(inside)[:100] or "body"


def _label(item: dict[str, Any]) -> str:
    top = _path(item).split(".")[0]
    return top if top in VALIDATED_FIELDS else "other"
