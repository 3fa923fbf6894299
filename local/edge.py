"""The running stack from outside: wait until the edge serves the registry, mint a first LCT, say where things are."""

import json
import secrets
import ssl
from typing import Any, TypedDict

import httpx
import tenacity

from local import credentials, stack
from local.deployment import WayIn
from local.errors import UserError
from local.mint import mint
from local.paths import BIN, STATE
from local.progress import say
from local.target import Target

FIRST_LCT = STATE / "first-lct.json"
SERVING_SECONDS = 180


class Endpoints(TypedDict):
    """Where everything of the running stack is, and the LCT that proves it."""

    stack: str
    edge: str
    ca: str
    kubeconfig: str
    context: str
    first_lct: str
    atp_cost: int


def endpoints(where: Target, url: str) -> Endpoints:
    """Wait for the edge, mint a first LCT unless one is there, and return where everything is.

    Args:
        where: the cluster.
        url: the edge's `https://host:port`.

    Raises:
        UserError: the edge does not serve the registry, or refuses the mint.
    """
    _wait_for(url)
    first = _first_lct(url)
    return Endpoints(
        stack=stack.STACK,
        edge=url,
        ca=str(credentials.EDGE_CA),
        kubeconfig=str(where.kubeconfig),
        context=where.context,
        first_lct=first["lct_id"],
        atp_cost=first["atp_cost"],
    )


def listing(found: Endpoints) -> str:
    """Return the endpoints as lines for a person."""
    kubectl = f"KUBECONFIG={found['kubeconfig']} {BIN / 'kubectl'} --context {found['context']} --namespace web4"
    return f"""
Web4 Identity Service, stack {found["stack"]}
  edge          {found["edge"]}   (CA: {found["ca"]})
  health        curl --cacert {found["ca"]} {found["edge"]}/health
  how it is     .venv/bin/web4ctl status
  pods          {kubectl} get pods
  prometheus    .venv/bin/web4ctl open prometheus
  alertmanager  .venv/bin/web4ctl open alertmanager
  pulumi        eval "$(make --silent env)"; pulumi stack --stack {found["stack"]}
  first LCT     {found["first_lct"]}, minted for {found["atp_cost"]} ATP
"""


def _wait_for(url: str) -> None:
    """Wait until the founder's LCT is read through the edge: an instance of the database may still be rolling."""
    founder = f"{url}/v1/lct/{credentials.founder().lct_id}"
    polling = tenacity.Retrying(
        wait=tenacity.wait_fixed(5),  # under the limit for one client address: 20 requests a minute
        stop=tenacity.stop_after_delay(SERVING_SECONDS),
        retry=tenacity.retry_if_exception_type((httpx.TransportError, httpx.HTTPStatusError)),
    )
    try:
        polling(lambda: httpx.get(founder, verify=_tls()).raise_for_status())
    except tenacity.RetryError as error:
        reason = error.last_attempt.exception()
        raise UserError(f"the stack is up, but the edge does not serve the registry: {reason}") from None


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(credentials.EDGE_CA))


def _first_lct(url: str) -> dict[str, Any]:
    """Return the LCT minted at the first `make up` if the registry still has it, else mint it now."""
    if FIRST_LCT.exists():
        known = json.loads(FIRST_LCT.read_text())
        if httpx.get(f"{url}/v1/lct/{known['lct_id']}", verify=_tls()).status_code == 200:
            return dict(known)
    say("minting a first LCT through the edge")
    way = WayIn(url, credentials.EDGE_CA, credentials.FOUNDER_KEY)
    answer = mint(way, credentials.SOCIETY, "device", f"first-device-{secrets.token_hex(4)}")
    minted = {"lct_id": answer["data"]["lct_id"], "atp_cost": answer["atp_cost"]}
    FIRST_LCT.write_text(json.dumps(minted))
    return minted
