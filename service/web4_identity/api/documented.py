"""What the OpenAPI document says about refusals: every status a route answers, with the codes it may carry."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from web4_identity import problems
from web4_identity.http.problem_response import MEDIA_TYPE
from web4_identity.problems import Kind

BODY_REFUSALS = (problems.BAD_REQUEST, problems.BODY_TOO_SLOW, problems.BODY_TOO_LARGE, problems.VALIDATION)
"""What every route that reads a body can answer."""

# What the layers around every /v1/ route can answer.
_EVERYWHERE = (problems.RATE_LIMITED, problems.INTERNAL, problems.UNAVAILABLE)


class ProblemDocument(BaseModel):
    """A refusal (RFC 9457). `code` is stable; some refusals have further members."""

    model_config = ConfigDict(extra="allow")

    title: str
    status: int
    code: str
    detail: str


def refusals(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that refuses with these kinds, and with those of every route."""
    by_status = defaultdict(list)
    for kind in (*kinds, *_EVERYWHERE):
        by_status[kind.status].append(f"{kind.code}: {kind.title}")
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {
        status: {"description": "; ".join(lines), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, lines in sorted(by_status.items())
    }
