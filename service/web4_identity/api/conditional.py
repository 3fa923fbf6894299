"""A JSON document with a strong ETag, and 304 for a client that has it (RFC 9110, sections 8.8.3 and 13.1.2)."""

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response


def json_document(request: Request, document: dict[str, Any], media_type: str) -> Response:
    """Answer `document`, or 304 when If-None-Match has its ETag. It may be kept, but must be asked for again."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    known = {
        tag.strip().removeprefix("W/") for line in request.headers.getlist("if-none-match") for tag in line.split(",")
    }
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
