"""Requests made up from the API's description, good and bad ones, signed: what is answered is what is described.

FUZZ_EXAMPLES=1000 tries so many of each kind for each operation, at random; without it few, and always the same.
"""

import itertools
import os
import threading
import time
from copy import deepcopy

import httpx
import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mint_parts import new_key, proof_of
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from service_servers import free_port
from web4_identity.app import create_app
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.settings import load_settings
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

GIVEN = os.environ.get("FUZZ_EXAMPLES")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
numbers = itertools.count()
PROOF = ("signature-input", "signature", "content-digest")
OPERATIONS = {
    "mint_lct": 201,
    "revoke_lct": 200,
    "found_society": 201,
    "set_witness_standing": 200,
    "read_lct": 200,
    "list_lcts": 200,
    "read_balance": 200,
    "read_society": 200,
    "health": 200,
    "livez": 200,
    "readyz": 200,
    "metrics": 200,
}
"""With the status of success, which must be among the answers."""
INPUT_FREE = ("health", "livez", "readyz", "metrics")
NEVER_BAD = (*INPUT_FREE, "read_society")
"""Every text may be the name of a society."""


class Signed(requests.auth.AuthBase):
    """Signs as PayerAuth does, for the client that schemathesis uses."""

    def __init__(self, key):
        self.auth = PayerAuth(key.private)

    def __call__(self, prepared):
        for name in PROOF:
            prepared.headers.pop(name, None)
        body = prepared.body or b""
        body = body if isinstance(body, bytes) else body.encode()
        request = httpx.Request(prepared.method, prepared.url, headers=prepared.headers, content=body)
        next(self.auth.auth_flow(request))
        prepared.headers.update({name: request.headers[name] for name in (*PROOF, "idempotency-key")})
        return prepared


@pytest.fixture
def server(env, founder):
    """The app on a port of this machine: its URL and its description; the founder is an operator."""
    port = free_port()
    limits = {"RATE_LIMIT_MAX_REQUESTS_PER_IP": "100000", "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "100000"}
    cheap = {"ATP_MINT_SCALE_FACTOR": "1"}
    app = create_app(load_settings(**{**env, **limits, **cheap, "OPERATOR_LCT_IDS": founder.lct_id}))
    served = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="on", log_config=None, access_log=False))
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not served.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    # A copy: schemathesis changes examples in place, and these are the service's own.
    yield f"http://127.0.0.1:{port}", deepcopy(app.openapi())
    served.should_exit = True
    thread.join()


def meant(name, case, founder, device, choose):
    """Make a well-formed request one that could succeed: with keys, proofs and names that are really there."""
    body = case.body if isinstance(case.body, dict) else {}
    if choose(st.integers(0, 3)):
        case.headers.pop("Idempotency-Key", None)
    if name == "mint_lct":
        key = new_key()
        body.update(caller_lct_id=founder.lct_id, society="commons", public_key=key.public_key, witnesses=[])
        if choose(st.integers(0, 3)):
            body["entity_type"] = "device"
            body["entity_identifier"] = body["entity_identifier"][:500] + f"-{next(numbers)}"
        body["binding_proof"] = proof_of(body)
    elif name == "found_society":
        key = new_key()
        body.update(founder_public_key=key.public_key)
        body["binding_proof"] = prove_binding(key.private, EntityType.ORGANIZATION)
        for fund in ("founder_funds", "pool_funds"):
            if body.get(fund):
                body[fund] //= 2
    elif name == "list_lcts":
        case.query["society"] = "commons"
        case.query.pop("after", None)
    elif name == "read_society":
        case.path_parameters["name"] = "commons"
    if "lct_id" in case.path_parameters:
        case.path_parameters["lct_id"] = device.lct_id


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_answered_is_what_is_described(server, founder, name):
    url, described = server
    operation = schemathesis.openapi.from_dict(described).find_operation_by_id(name)
    device, session, seen = new_key(), requests.Session(), set()
    body = {"caller_lct_id": founder.lct_id, "entity_type": "device", "entity_identifier": "d", "society": "commons"}
    body["public_key"] = device.public_key
    body["binding_proof"] = proof_of(body)
    assert session.post(f"{url}/v1/lct/mint", json=body, auth=Signed(founder)).status_code == 201

    def ask(case, choose):
        if case.meta.generation.mode.is_positive and choose(st.integers(0, 3)):
            meant(name, case, founder, device, choose)
        signer = device if name == "revoke_lct" else founder
        try:
            response = case.call(base_url=url, session=session, auth=Signed(signer), timeout=20)
        except (UnicodeEncodeError, requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL):
            # What cannot be sent.
            return
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    modes = [GenerationMode.POSITIVE] if name in NEVER_BAD else list(GenerationMode)
    count = 2 if name in INPUT_FREE else int(GIVEN or 20)
    for mode in modes:

        @settings(
            max_examples=count,
            deadline=None,
            derandomize=GIVEN is None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
        def run(case, data):
            ask(case, data.draw)

        run()
    assert OPERATIONS[name] in seen, seen
