"""The running stack as its users meet it: through the TLS edge, kubectl, and Prometheus's API."""

import itertools
import random
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cluster_stack import Kubectl
from live_prometheus import Prometheus

from local import credentials, stack
from local.cluster import layout
from local.target import Target
from local.target import target as find_target

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def target() -> Target:
    return find_target()


@pytest.fixture(scope="session")
def kubectl(target: Target) -> Kubectl:
    kubectl = Kubectl(target)
    ready = subprocess.run([*kubectl.words, "get", "--raw", "/readyz"], capture_output=True, text=True, check=False)
    if ready.returncode != 0:
        pytest.exit(f"the cluster does not answer: run `make up` first ({ready.stderr.strip()})", returncode=2)
    return kubectl


@pytest.fixture(scope="session")
def prometheus(kubectl: Kubectl) -> Prometheus:
    return Prometheus(kubectl)


@pytest.fixture(scope="session")
def outputs() -> dict[str, Any]:
    return stack.outputs()


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(credentials.EDGE_CA))


@pytest.fixture(scope="session")
def edge(target: Target, outputs: dict[str, Any], kubectl: Kubectl) -> tuple[str, int]:
    """The edge's address and port: the node's own, where the address a client comes from is seen."""
    return target.address(), int(outputs["edge_node_port"])


# In turn, and not at random: one that a test before has just used up is not given to the next.
_NUMBERS = itertools.cycle(random.sample(range(10, 250), 240))


@pytest.fixture
def new_client(target: Target, edge: tuple[str, int], tls: ssl.SSLContext) -> Iterator[Callable[[], httpx.Client]]:
    """Make clients with an IP address of their own each, so that no test spends another's rate limit."""
    added: list[str] = []
    clients: list[httpx.Client] = []

    def make() -> httpx.Client:
        address = None
        if target.embedded:
            address = f"10.89.0.{next(_NUMBERS)}"
            subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", layout.HOST_LINK], check=True)
            added.append(address)
        client = httpx.Client(
            base_url=f"https://{edge[0]}:{edge[1]}",
            timeout=10,
            transport=httpx.HTTPTransport(
                verify=tls, local_address=address, limits=httpx.Limits(max_keepalive_connections=0)
            ),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
    for address in added:
        subprocess.run(["ip", "address", "delete", f"{address}/32", "dev", layout.HOST_LINK], check=True)
