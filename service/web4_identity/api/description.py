"""The OpenAPI document: what FastAPI knows of the routes, and what it cannot know of the layers around them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST

from web4_identity.api.document_schema import DOCUMENT_SCHEMA
from web4_identity.api.documented import ProblemDocument, refusals
from web4_identity.api.examples import ANSWERS, PARAMETERS, REQUESTS
from web4_identity.domain.keys import LCT_ID_PATTERN
from web4_identity.http.problem_response import MEDIA_TYPE
from web4_identity.signature.rules import COVERED, IDEMPOTENCY_HEADER, MAX_LIFETIME_SECONDS

SUMMARY = "Mints Linked Context Tokens (LCTs) for ATP."
TEXT = f"""{SUMMARY}

A signed operation carries the proof of who asks: an HTTP Message Signature (RFC 9421, Ed25519, keyid the signer's LCT
id) over {", ".join(COVERED)}, with created, expires (at most {MAX_LIFETIME_SECONDS} s later) and a nonce that is used
once; and Content-Digest (RFC 9530).

Every refusal is a problem document (RFC 9457). A path that is none of these is 404 W4_ERR_NOT_FOUND, another method of
one that is 405 W4_ERR_METHOD_NOT_ALLOWED with Allow, and a body over 10 KiB is 413 W4_ERR_BODY_TOO_LARGE everywhere."""

_SECONDS = {"type": "integer", "minimum": 1}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_REQUEST_ID = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}


def _header(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "schema": schema}


def _parameter(name: str, description: str, schema: dict[str, Any], *, required: bool, example: str) -> dict[str, Any]:
    place = {"name": name, "in": "header", "required": required}
    return {**place, **_header(description, schema), "example": example}


_SIGNATURE_PARAMETERS = (
    _parameter(
        "Signature-Input",
        f"What is signed (RFC 9421): {', '.join(COVERED)}, with created, expires, nonce, alg and keyid.",
        _TEXT,
        required=True,
        example="payer=("
        + " ".join(f'"{name}"' for name in COVERED)
        + ');created=1769860800;expires=1769860830;nonce="AAECAwQFBgcICQoLDA0ODw";alg="ed25519";keyid="'
        + f'{PARAMETERS["lct_id"]}"',
    ),
    _parameter("Signature", "The signature (RFC 9421).", _TEXT, required=True, example=f"payer=:{'A' * 86}==:"),
    _parameter(
        "Content-Digest",
        "sha-256 or sha-512 of the body as sent (RFC 9530).",
        _TEXT,
        required=True,
        example="sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
    ),
    _parameter(
        IDEMPOTENCY_HEADER,
        "Names this wish. A lost answer is asked for again with the same key and the same body.",
        {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
        required=True,
        example="order-4711",
    ),
)
_REQUEST_ID_PARAMETER = _parameter(
    "X-Request-ID", "Names the request in answer and log; one is made up if it is not usable.", _TEXT, required=False,
    example="4f1c2a",
)  # fmt: skip
_ETAG_PARAMETER = _parameter(
    "If-None-Match", "ETags that the client has; 304 when the document's is among them.", _TEXT, required=False,
    example=f'"{"0" * 64}"',
)  # fmt: skip

_ETAG_HEADERS = {
    "ETag": _header("Names this state of the document.", _TEXT),
    "Cache-Control": _header("no-cache: to be asked for again, with the ETag.", _TEXT),
}
_STATUS_HEADERS = {
    "401": {"WWW-Authenticate": _header("The scheme that is expected.", _TEXT)},
    "429": {
        "Retry-After": _header("Seconds until there is room.", _SECONDS),
        "RateLimit-Limit": _header("Requests a window.", _COUNT),
        "RateLimit-Remaining": _header("Requests left in the window.", _COUNT),
        "RateLimit-Reset": _header("Seconds until there is room.", _SECONDS),
    },
    "503": {"Retry-After": _header("Seconds to wait.", _SECONDS)},
}
_ANSWER_HEADERS = {
    "found_society": {"Location": _header("Where the society is read.", {"type": "string", "format": "uri-reference"})},
    "list_lcts": {"Link": _header('The next page, rel="next" (RFC 8288); absent on the last one.', _TEXT)},
    "read_lct": _ETAG_HEADERS,
}


def operation_id(route: APIRoute) -> str:
    """The name of a route's function."""
    return route.name


def describe(app: FastAPI) -> None:
    """Let `app.openapi()` give the whole description, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, summary=SUMMARY, description=TEXT, routes=app.routes)
    schemas = document["components"]["schemas"]
    # FastAPI's own refusal of a parameter, which no route answers: ours is a problem document.
    del schemas["HTTPValidationError"], schemas["ValidationError"]
    schemas[ProblemDocument.__name__] = ProblemDocument.model_json_schema()
    schemas["LctDocument"] = DOCUMENT_SCHEMA
    for methods in document["paths"].values():
        for operation in methods.values():
            _complete(operation)
    return document


def _complete(operation: dict[str, Any]) -> None:
    name, responses = operation["operationId"], operation["responses"]
    if "content" in responses.get("422", {}) and MEDIA_TYPE not in responses["422"]["content"]:
        del responses["422"]
    if name == "read_lct":
        responses["200"]["content"] = {"application/ld+json": {"schema": {"$ref": "#/components/schemas/LctDocument"}}}
        responses["304"] = {"description": "The client has it.", "headers": {**_ETAG_HEADERS}}
    if name == "metrics":
        responses["200"]["content"] = {CONTENT_TYPE_LATEST: {"schema": _TEXT}}
    if name == "readyz":
        responses["503"] = {
            **responses["200"],
            "description": "The database does not serve, or the process is about to stop.",
        }
    # Of any route, the probes too.
    responses.setdefault("500", refusals()[500])
    success = next(status for status in responses if status.startswith("2"))
    for media in responses[success]["content"].values():
        media["example"] = ANSWERS[name]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        media["examples"] = {word: {"value": value} for word, value in REQUESTS[name].items()}
    _add_parameters(operation)
    for status, response in responses.items():
        headers = response.setdefault("headers", {})
        headers["X-Request-ID"] = _header("Names the request in the log.", _REQUEST_ID)
        if MEDIA_TYPE in response.get("content", {}):
            headers.update(_STATUS_HEADERS.get(status, {}))
    responses[success]["headers"].update(_ANSWER_HEADERS.get(name, {}))


def _add_parameters(operation: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        parameter["example"] = PARAMETERS[parameter["name"]]
        if parameter["name"] == "lct_id":
            parameter["schema"]["pattern"] = LCT_ID_PATTERN
    # Who reads 401 among the answers must sign.
    if "401" in operation["responses"]:
        parameters += _SIGNATURE_PARAMETERS
    if operation["operationId"] == "read_lct":
        parameters.append(_ETAG_PARAMETER)
    parameters.append(_REQUEST_ID_PARAMETER)
