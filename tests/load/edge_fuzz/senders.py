"""Who sends: a client address for ten requests, and a founder who pays for twelve, as edge and service allow."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from api_fuzz import Known, Signed
from bench import payers
from bench.addresses import REQUESTS_EACH
from cluster_stack import Kubectl
from requests.adapters import HTTPAdapter
from traffic.parties import MINTS_EACH, Clock, Party, Society

from local import credentials
from local.errors import UserError

TIMEOUT_SECONDS = 20
TRUST = str(credentials.EDGE_CA)
"""Whose certificates are believed; said with each request, as schemathesis overrides a session's."""
FOUNDED_AT_ONCE = 50


class _From(HTTPAdapter):
    """Connects from one of this machine's addresses."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        super().init_poolmanager(*words, source_address=(self._address, 0), **options)


def sessions(addresses: Iterator[str]) -> Iterator[requests.Session]:
    """Give one session for each request; every ten, a new one from another address."""
    for address in addresses:
        with requests.Session() as session:
            session.trust_env = False  # no proxy, and no other authority
            session.mount("https://", _From(address))
            for _ in range(REQUESTS_EACH):
                yield session


@dataclass(frozen=True)
class Payer:
    """A founder, and a device that is registered in the founder's society."""

    known: Known
    founder: Signed
    device: Signed


def founders(kubectl: Kubectl, run: str, url: str, using: Iterator[requests.Session]) -> Iterator[Payer]:
    """Give one payer for each request; every eleven, the next, whose device was the twelfth.

    Raises:
        UserError: a device was not minted.
    """
    while True:
        for society in payers.found(kubectl, run, FOUNDED_AT_ONCE):
            device = Party(Clock())
            payer = _payer(society, device)
            answer = next(using).post(
                f"{url}/v1/lct/mint",
                json=society.mint(device),
                auth=payer.founder,
                verify=TRUST,
                timeout=TIMEOUT_SECONDS,
            )
            if answer.status_code != 201:
                raise UserError(f"a device for the fuzzing was not minted: {answer.status_code} {answer.text[:200]}")
            for _ in range(MINTS_EACH - 1):
                yield payer


def _payer(society: Society, device: Party) -> Payer:
    known = Known(society.name, society.founder.lct_id, device.lct_id)
    return Payer(known, Signed(society.founder.auth), Signed(device.auth))
