"""Requests made up from the API's description, good and bad ones, signed: what is answered is what is described.

FUZZ_EXAMPLES=1000 tries so many of each kind for each operation, at random; without it few, and always the same.
"""

import os
import threading
import time
from collections.abc import Iterator
from copy import deepcopy

import pytest
import requests
import schemathesis
import uvicorn
from api_fuzz import CHECKS, UNSENDABLE, Case, Choose, Known, Signed, meant
from fixture_types import Body
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mint_parts import Key, new_key, proof_of
from schemathesis.generation import GenerationMode
from service_servers import free_port
from web4_identity.app import create_app
from web4_identity.settings import load_settings
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

GIVEN = os.environ.get("FUZZ_EXAMPLES")
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


@pytest.fixture
def server(env: dict[str, str], founder: Key) -> Iterator[tuple[str, Body]]:
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


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_answered_is_what_is_described(server: tuple[str, Body], founder: Key, name: str) -> None:
    url, described = server
    operation = schemathesis.openapi.from_dict(described).find_operation_by_id(name)
    device, session, seen = new_key(), requests.Session(), set()
    body = {"caller_lct_id": founder.lct_id, "entity_type": "device", "entity_identifier": "d", "society": "commons"}
    body["public_key"] = device.public_key
    body["binding_proof"] = proof_of(body)
    payer = PayerAuth(founder.private)
    known = Known("commons", founder.lct_id, device.lct_id)
    assert session.post(f"{url}/v1/lct/mint", json=body, auth=Signed(payer)).status_code == 201

    def ask(case: Case, choose: Choose) -> None:
        assert case.meta
        if case.meta.generation.mode.is_positive and choose(st.integers(0, 3)):
            meant(name, case, known, choose)
        signer = PayerAuth(device.private) if name == "revoke_lct" else payer
        try:
            response = case.call(base_url=url, session=session, auth=Signed(signer), timeout=20)
        except UNSENDABLE:
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
        def run(case: Case, data: st.DataObject) -> None:
            ask(case, data.draw)

        run()
    assert OPERATIONS[name] in seen, seen
