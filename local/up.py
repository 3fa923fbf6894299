"""`make up` and `make down`: from nothing to a minted LCT, in steps that each reuse what is there, and back."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor

from local import apt, edge, preflight, stack
from local.cluster import lifecycle, node
from local.cluster.components import forwarder
from local.cluster.process import alive, end
from local.errors import UserError
from local.images import build as images
from local.paths import CACHE
from local.progress import say
from local.target import target
from local.tools import build as tools

DEFAULT_PORT = 8443
PREBUILT = "none"  # IMAGE_REGISTRY where the images are on the cluster's nodes already


def port() -> int:
    """Return the port of the edge on 127.0.0.1, from EDGE_PORT.

    Raises:
        UserError: EDGE_PORT is not a port.
    """
    text = os.environ.get("EDGE_PORT") or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise UserError(f"EDGE_PORT is {text!r}: give a port from 1 to 65535.")
    return int(text)


def up() -> edge.Endpoints:
    """Build, start, deploy, mint a first LCT through the TLS edge, and return where everything is.

    Raises:
        UserError: a step failed; running it again goes on from there.
    """
    where = target()
    apt.install()
    build()
    names = images.references()
    if where.embedded:
        lifecycle.start(names)
        images.load()
        lifecycle.finish(names)
    elif (registry := os.environ["IMAGE_REGISTRY"]) != PREBUILT:
        names = images.push(registry)
    stack.configure(where, names)
    stack.up()
    node_port = int(stack.outputs()["edge_node_port"])
    if where.embedded:
        _forward(node_port)
        images.prune()
        return edge.endpoints(where, f"https://127.0.0.1:{port()}")
    return edge.endpoints(where, f"https://{where.address()}:{node_port}")


def build() -> None:
    """Build tools and images; the images that hold no tool are made while the tools compile."""
    with ThreadPoolExecutor() as lanes:
        debian = lanes.submit(_debian_images)
        tools.build_all()
        debian.result()
    images.build(images.tool_images())


def stop() -> None:
    """Stop the embedded cluster and keep its data."""
    end(forwarder(port(), 0))
    lifecycle.stop()


def down() -> bool:
    """Remove the stack and, where it is ours, its cluster, data included. Tools and images stay in the cache.

    Returns:
        Whether the cluster is gone with it.
    """
    embedded = target().embedded
    if embedded:
        end(forwarder(port(), 0))
        lifecycle.delete()
    else:
        stack.destroy()
    stack.forget()
    say("down: nothing of it runs, and its data is gone; the built tools stay (remove them with `make clean`)")
    return embedded


def check() -> None:
    """Raise UserError for what would stop `up` later, before anything is made."""
    where = target()
    if problem := preflight.problem(CACHE, embedded=where.embedded):
        raise UserError(problem)
    stack.check_passphrase()
    if where.embedded:
        node.check()
        if not alive(forwarder(port(), 0)):
            _check_port(port())
        return
    if not os.environ.get("IMAGE_REGISTRY"):
        raise UserError(
            "KUBE_CONTEXT needs IMAGE_REGISTRY=host/path, a registry this machine may push to and the cluster may pull "
            f"from; or IMAGE_REGISTRY={PREBUILT} where the images are on its nodes already."
        )
    where.check()


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


def _debian_images() -> None:
    images.build_base()
    images.build(images.debian_images())


def _forward(node_port: int) -> None:
    """Give the edge's NodePort at 127.0.0.1 too."""
    process = forwarder(port(), node_port)
    if not alive(process):
        process.spawn(list(process.argv))
