"""`make up`: from nothing to a minted LCT, in steps that each reuse what is there."""

import json
import os
import shutil
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from local import apt, stack
from local.cluster import layout, lifecycle, node
from local.cluster.components import forwarder
from local.cluster.process import alive
from local.console import capture, say
from local.errors import UserError
from local.images import build as images
from local.paths import BIN, KUBECONFIG, STATE
from local.tools import build as tools

FIRST_LCT = STATE / "first-lct.json"
DEFAULT_PORT = 8443


@dataclass(frozen=True)
class Target:
    """The cluster the stack goes to.

    Attributes:
        kubeconfig: file to reach it with.
        context: the context in it.
        embedded: whether it is the cluster of this machine, made by us.
    """

    kubeconfig: Path
    context: str
    embedded: bool


def target() -> Target:
    """Return the cluster that KUBE_CONTEXT names, or the embedded one."""
    context = os.environ.get("KUBE_CONTEXT", "")
    if not context:
        return Target(KUBECONFIG, layout.NAME, embedded=True)
    kubeconfig = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return Target(Path(kubeconfig), context, embedded=False)


def port() -> int:
    """Return the port of the edge on 127.0.0.1, from EDGE_PORT.

    Raises:
        UserError: EDGE_PORT is not a port.
    """
    text = os.environ.get("EDGE_PORT") or str(DEFAULT_PORT)
    if not (text.isdigit() and 0 < int(text) < 65536):
        raise UserError(f"EDGE_PORT is {text!r}: give a port from 1 to 65535.")
    return int(text)


def up() -> None:
    """Build, start, deploy, and mint a first LCT through the TLS edge.

    Raises:
        UserError: a step failed; running it again goes on from there.
    """
    where = target()
    _check(where)
    if where.embedded:
        apt.install()
        names = _build()
        lifecycle.start(names)
        images.load()
        lifecycle.finish(names)
    else:
        names = _build_for(where)
    stack.configure(where.kubeconfig, where.context, names, {})
    stack.up()
    if where.embedded:
        _forward()
        images.prune()
    _report(url(where))


def _check(where: Target) -> None:
    """Find what would stop it later, before anything is made."""
    stack.check_passphrase()
    if where.embedded:
        node.check()
        if not alive(forwarder(port(), 0)):
            _check_port(port())
        return
    if not os.environ.get("IMAGE_REGISTRY"):
        raise UserError(
            "KUBE_CONTEXT needs IMAGE_REGISTRY=host/path: a registry that this machine may push to and that the "
            "cluster may pull from. IMAGE_REGISTRY=none where the images are on its nodes already."
        )
    kubectl = shutil.which("kubectl") or str(BIN / "kubectl")
    try:
        capture(
            [
                kubectl,
                f"--kubeconfig={where.kubeconfig}",
                f"--context={where.context}",
                "--request-timeout=10s",
                "get",
                "--raw",
                "/readyz",
            ]
        )
    except (UserError, FileNotFoundError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(
            f"KUBE_CONTEXT={where.context} (in {where.kubeconfig}) cannot be reached: {reason}. Check the name with "
            "`kubectl config get-contexts`, or leave KUBE_CONTEXT out for the embedded cluster."
        ) from None


def _check_port(wanted: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise UserError(
                f"port {wanted} on 127.0.0.1 cannot be had ({error.strerror}): end what uses it (`ss -ltnp`), or take "
                "another with EDGE_PORT=…"
            ) from None


def _build() -> dict[str, str]:
    """Build tools and images; the images that hold no tool are made while the tools compile."""
    with ThreadPoolExecutor() as lanes:
        debian = lanes.submit(_debian_images)
        tools.build_all()
        debian.result()
    images.build(images.tool_images())
    return images.references()


def _debian_images() -> None:
    images.build_base()
    images.build(images.debian_images())


def _build_for(where: Target) -> dict[str, str]:
    apt.install()
    names = _build()
    registry = os.environ["IMAGE_REGISTRY"]
    say(f"images: for {where.context}, from {registry}")
    return names if registry == "none" else images.push(registry)


def _forward() -> None:
    """Give the edge's NodePort at 127.0.0.1 too."""
    process = forwarder(port(), int(stack.outputs()["edge_node_port"]))
    if not alive(process):
        process.spawn(list(process.argv))


def url(where: Target) -> str:
    if where.embedded:
        return f"https://127.0.0.1:{port()}"
    kubectl = [BIN / "kubectl", f"--kubeconfig={where.kubeconfig}", f"--context={where.context}"]
    path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}'
    address = capture([*kubectl, "get", "nodes", f"--output=jsonpath={path}"])
    return f"https://{address}:{stack.outputs()['edge_node_port']}"


def _report(edge: str) -> None:
    first = _first_lct(edge)
    print(
        f"""
Web4 Identity Service, stack {stack.STACK}
  edge          {edge}   (CA: {stack.EDGE_CA})
  health        curl --cacert {stack.EDGE_CA} {edge}/health
  kubectl       KUBECONFIG={target().kubeconfig} {BIN / "kubectl"} --namespace web4 get pods
  prometheus    … kubectl --namespace web4 port-forward service/prometheus-operated 9090
  alertmanager  … kubectl --namespace web4 port-forward service/alertmanager-operated 9093
  pulumi        eval "$(make --silent env)" && pulumi stack --stack {stack.STACK}
  first LCT     {first["lct_id"]}, minted for {first["atp_cost"]} ATP
"""
    )


def _first_lct(edge: str) -> dict:
    """Return the LCT minted at the first `make up` if the registry still has it, else mint it now."""
    if FIRST_LCT.exists():
        known = json.loads(FIRST_LCT.read_text())
        context = ssl.create_default_context(cafile=str(stack.EDGE_CA))
        if httpx.get(f"{edge}/v1/lct/{known['lct_id']}", verify=context).status_code == 200:
            return known
    say("minting a first LCT through the edge")
    words = capture(
        [
            stack.service_cli(),
            "mint",
            "--json",
            f"--url={edge}",
            f"--ca-file={stack.EDGE_CA}",
            f"--caller={stack.founder().lct_id}",
            f"--society={stack.SOCIETY}",
            "--entity-type=device",
            "--entity-identifier=first-device",
        ]
    )
    answer = json.loads(words)
    minted = {"lct_id": answer["data"]["lct_id"], "atp_cost": answer["atp_cost"]}
    FIRST_LCT.write_text(json.dumps(minted))
    return minted


def down() -> None:
    """Remove the stack and, where it is ours, its cluster, data included. Tools and images stay in the cache."""
    where = target()
    if not where.embedded:
        stack.destroy()
        stack.forget()
        return
    lifecycle.delete()
    stack.forget()
    say("down: nothing of it runs, and its data is gone; the built tools stay (remove them with `make clean`)")


__all__ = ["down", "node", "port", "target", "up"]
