"""Makes the requests of one operation up, and sends them."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

import requests
import schemathesis
from api_fuzz import CHECKS, UNSENDABLE, Case, Choose, meant
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema
from web4_identity.app import create_app
from web4_identity.settings import load_settings

from edge_fuzz.answers import Answers, from_the_edge
from edge_fuzz.senders import TIMEOUT_SECONDS, TRUST, Payer

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


def described() -> OpenApiSchema:
    """Return the API's description, a copy: schemathesis changes examples in place, and these are the service's own."""
    app = create_app(load_settings(DATABASE_URL="postgresql://nobody@localhost/none"))
    return schemathesis.openapi.from_dict(deepcopy(app.openapi()))


@dataclass(frozen=True)
class Asking:
    """What the requests of all operations go through.

    Attributes:
        url: the edge's.
        using: a session for each request (senders.sessions).
        payers: a payer for each request (senders.founders).
        answers: where they are counted.
        api: the description that requests are made up from and answers judged by.
    """

    url: str
    using: Iterator[requests.Session]
    payers: Iterator[Payer]
    answers: Answers
    api: OpenApiSchema = field(default_factory=described)

    def ask_all(self, name: str, examples: int) -> None:
        """Send `examples` requests that fit the description of operation `name`, and as many that do not.

        Raises:
            UserError: a device could not be minted, which the requests need.
        """
        operation = self.api.find_operation_by_id(name)
        for mode, kind in ((GenerationMode.POSITIVE, "good"), (GenerationMode.NEGATIVE, "bad")):
            _made_up(operation.as_strategy(generation_mode=mode), examples, partial(self._ask, name, kind))

    def _ask(self, name: str, kind: str, case: Case, choose: Choose) -> None:
        payer = next(self.payers)
        if kind == "good" and choose(st.integers(0, 3)):
            meant(name, case, payer.known, choose)
        signer = payer.device if name == "revoke_lct" else payer.founder
        session = next(self.using)
        try:
            response = case.call(base_url=self.url, session=session, auth=signer, verify=TRUST, timeout=TIMEOUT_SECONDS)
        except UNSENDABLE:
            return
        except requests.RequestException as error:
            self.answers.problems.append(f"{name}: no answer to a {kind} request: {error}")
            return
        edge = from_the_edge(response)
        self.answers.note(name, kind, edge, response.status_code)
        if not edge:
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as error:
                self.answers.problems.append(f"{name}: {' '.join(str(error).split())[:300]}")


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
