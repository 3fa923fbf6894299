"""The running stack from outside: wait until the edge serves the registry, mint a first LCT, say where things are."""

import json
import secrets
import ssl
from typing import Any

import httpx
import tenacity

from local import stack
from local.console import capture, say
from local.errors import UserError
from local.paths import BIN, STATE
from local.target import Target

FIRST_LCT = STATE / "first-lct.json"
SERVING_SECONDS = 180


def report(where: Target, url: str) -> None:
    """Wait for the edge, mint a first LCT unless one is there, and print every endpoint.

    Args:
        where: the cluster.
        url: the edge's `https://host:port`.

    Raises:
        UserError: the edge does not serve the registry, or refuses the mint.
    """
    _wait_for(url)
    first = _first_lct(url)
    kubectl = f"KUBECONFIG={where.kubeconfig} {BIN / 'kubectl'} --context {where.context} --namespace web4"
    print(
        f"""
Web4 Identity Service, stack {stack.STACK}
  edge          {url}   (CA: {stack.EDGE_CA})
  health        curl --cacert {stack.EDGE_CA} {url}/health
  pods          {kubectl} get pods
  prometheus    {kubectl} port-forward service/prometheus-operated 9090
  alertmanager  {kubectl} port-forward service/alertmanager-operated 9093
  pulumi        eval "$(make --silent env)"; pulumi stack --stack {stack.STACK}
  first LCT     {first["lct_id"]}, minted for {first["atp_cost"]} ATP
"""
    )


def _wait_for(url: str) -> None:
    """Wait until the founder's LCT is read through the edge: an instance of the database may still be rolling."""
    founder = f"{url}/v1/lct/{stack.founder().lct_id}"
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
    return ssl.create_default_context(cafile=str(stack.EDGE_CA))


def _first_lct(url: str) -> dict[str, Any]:
    """Return the LCT minted at the first `make up` if the registry still has it, else mint it now."""
    if FIRST_LCT.exists():
        known = json.loads(FIRST_LCT.read_text())
        if httpx.get(f"{url}/v1/lct/{known['lct_id']}", verify=_tls()).status_code == 200:
            return dict(known)
    say("minting a first LCT through the edge")
    words = capture(
        [
            stack.service_cli(),
            "mint",
            "--json",
            f"--url={url}",
            f"--ca-file={stack.EDGE_CA}",
            f"--caller-key={stack.FOUNDER_KEY}",
            f"--society={stack.SOCIETY}",
            "--entity-type=device",
            f"--entity-identifier=first-device-{secrets.token_hex(4)}",
        ]
    )
    answer = json.loads(words)
    minted = {"lct_id": answer["data"]["lct_id"], "atp_cost": answer["atp_cost"]}
    FIRST_LCT.write_text(json.dumps(minted))
    return minted
