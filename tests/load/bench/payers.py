"""Who pays for the mints of a run: founders of societies of its own, and the requests that they sign."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from cluster_stack import Kubectl
from service_bench.orders import wire
from traffic.parties import MINTS_EACH, Clock, Party, Society

SCRIPT = Path(__file__).with_name("found_societies.py")


def found(kubectl: Kubectl, run: str, count: int) -> list[Society]:
    """Found so many societies, whose names begin with `run`, in a pod of the service.

    Each is good for MINTS_EACH mints, which is less than a payer may send in a minute.
    """
    societies = [Society(run, Clock()) for _ in range(count)]
    listed = json.dumps([(each.name, each.founder.public_key) for each in societies])
    script = SCRIPT.read_text(encoding="utf-8")
    kubectl("exec", "--stdin", kubectl.identity_pods()[0], "--", "python3", "-c", script, stdin=listed)
    return societies


def mints(url: str, societies: Sequence[Society]) -> Iterator[bytes]:
    """Sign MINTS_EACH mints of each society, in turn, so that none waits for another's lock; valid for 30 s."""
    for _ in range(MINTS_EACH):
        for society in societies:
            order = society.mint(Party(Clock()))
            request = httpx.Request("POST", f"{url}/v1/lct/mint", json=order)
            yield wire(next(society.founder.auth.sync_auth_flow(request)))


def reads(url: str, societies: Sequence[Society]) -> list[bytes]:
    """Return a read of each founder's LCT."""
    return [wire(httpx.Request("GET", f"{url}/v1/lct/{each.founder.lct_id}")) for each in societies]


def static(url: str) -> bytes:
    """Return a request that the edge answers by itself, with 404: TLS and nginx alone."""
    return wire(httpx.Request("GET", f"{url}/metrics"))
