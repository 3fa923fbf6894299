"""Requests made up from the API's description: what is asked of each answer, and what makes one that could succeed."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import requests
import schemathesis
from fixture_types import Body
from hypothesis import strategies as st
from mint_parts import new_key, proof_of
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.signature import PayerAuth

Case = schemathesis.Case[Any]
Choose = Callable[[st.SearchStrategy[Any]], Any]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
UNSENDABLE = (UnicodeEncodeError, requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL)
"""What the client says of a request that cannot be sent."""
_PROOF = ("signature-input", "signature", "content-digest")
_numbers = itertools.count()


class Signed(requests.auth.AuthBase):
    """Signs as PayerAuth does, for the client that schemathesis uses."""

    def __init__(self, auth: PayerAuth) -> None:
        self._auth = auth

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        for name in _PROOF:
            prepared.headers.pop(name, None)
        body = prepared.body or b""
        assert prepared.method and prepared.url and isinstance(body, bytes | str)
        headers = httpx.Headers(dict(prepared.headers))  # type: ignore[arg-type]  # takes texts beside bytes
        request = httpx.Request(prepared.method, prepared.url, headers=headers, content=body)
        next(self._auth.auth_flow(request))
        prepared.headers.update({name: request.headers[name] for name in (*_PROOF, "idempotency-key")})
        return prepared


@dataclass(frozen=True)
class Known:
    """What is really there: a society, the LCT of its founder, who pays, and that of a device in it."""

    society: str
    founder: str
    device: str


def meant(name: str, case: Case, known: Known, choose: Choose) -> None:
    """Make a well-formed request of operation `name` one that could succeed: keys, proofs and names that are there."""
    body: Body = case.body if isinstance(case.body, dict) else {}
    if choose(st.integers(0, 3)):
        case.headers.pop("Idempotency-Key", None)
    if name == "mint_lct":
        key = new_key()
        body.update(caller_lct_id=known.founder, society=known.society, public_key=key.public_key, witnesses=[])
        if choose(st.integers(0, 3)):
            body["entity_type"] = "device"
            body["entity_identifier"] = body["entity_identifier"][:500] + f"-{next(_numbers)}"
        body["binding_proof"] = proof_of(body)
    elif name == "found_society":
        key = new_key()
        body.update(founder_public_key=key.public_key)
        if choose(st.integers(0, 3)):
            body["name"] = f"society-{next(_numbers)}"
        body["binding_proof"] = prove_binding(key.private, EntityType.ORGANIZATION)
        for fund in ("founder_funds", "pool_funds"):
            if body.get(fund):
                body[fund] //= 2
    elif name == "list_lcts":
        case.query["society"] = known.society
        case.query.pop("after", None)
    elif name == "read_society":
        case.path_parameters["name"] = known.society
    if "lct_id" in case.path_parameters:
        case.path_parameters["lct_id"] = known.device
