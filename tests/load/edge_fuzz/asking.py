"""Makes the requests of one operation up, and sends them."""

from collections.abc import Callable, Iterator
from functools import partial

import requests
import schemathesis
from api_fuzz import CHECKS, UNSENDABLE, Case, Choose, meant
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from running import Running
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from web4_identity.app import create_app
from web4_identity.settings import load_settings

from edge_fuzz.answers import Answers, from_the_edge
from edge_fuzz.senders import TIMEOUT_SECONDS, TRUST, founders, sessions

OPERATIONS = (
    "mint_lct",
    "revoke_lct",
    "found_society",
    "set_witness_standing",
    "read_lct",
    "list_lcts",
    "read_balance",
)
"""Those that take something that can be wrong."""


def ask_all(name: str, examples: int, url: str, running: Running, addresses: Iterator[str], answers: Answers) -> None:
    """Send `examples` requests that fit the description of operation `name`, and as many that do not.

    Raises:
        UserError: a device could not be minted, which the requests need.
    """
    described = create_app(load_settings(DATABASE_URL="postgresql://nobody@localhost/none")).openapi()
    operation = schemathesis.openapi.from_dict(described).find_operation_by_id(name)
    using = sessions(addresses)
    payers = founders(running.kubectl, running.run, url, using)

    def ask(kind: str, case: Case, choose: Choose) -> None:
        payer = next(payers)
        if kind == "good" and choose(st.integers(0, 3)):
            meant(name, case, payer.known, choose)
        signer = payer.device if name == "revoke_lct" else payer.founder
        try:
            response = case.call(base_url=url, session=next(using), auth=signer, verify=TRUST, timeout=TIMEOUT_SECONDS)
        except UNSENDABLE:
            return
        except requests.RequestException as error:
            answers.problems.append(f"{name}: no answer to a {kind} request: {error}")
            return
        edge = from_the_edge(response)
        answers.note(name, kind, edge, response.status_code)
        if not edge:
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as error:
                answers.problems.append(f"{name}: {' '.join(str(error).split())[:300]}")

    for mode, kind in ((GenerationMode.POSITIVE, "good"), (GenerationMode.NEGATIVE, "bad")):
        _made_up(operation.as_strategy(generation_mode=mode), examples, partial(ask, kind))


def _made_up(cases: st.SearchStrategy[Case], examples: int, ask: Callable[[Case, Choose], None]) -> None:
    """Call `ask` with so many requests; one that was answered badly is noted, and not tried again in smaller forms."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, data=st.data())
    def run(case: Case, data: st.DataObject) -> None:
        ask(case, data.draw)

    run()
