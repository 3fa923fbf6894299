"""The drawing's arrows on the running cluster: each one connects, and between the stack's pods nothing else does."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from cluster_stack import Kubectl
from pod_networks import Address, connect, networks

from infra import parties
from infra.flows import Flow, flow_options, flows
from infra.parties import Party, Place
from local import stack
from local.cluster import layout
from local.place import stack_settings

# Their pods come and go: one that does nothing stands in. The restored Postgres is shown by the drill, which needs it.
JOBS = (parties.MIGRATIONS, parties.GATE, parties.SCAN, parties.RESTORE_DRILL, parties.CONFIGURATION_COPY)
# What is not a pod of ours, by one address of it.
OTHERS = {"apiserver": (layout.API_SERVICE_IP, 443), "nodes": (layout.NODE_IP, 10250), "dns": (layout.DNS_IP, 53)}


@dataclass(frozen=True)
class Network:
    """The stack's arrows, where each party's pods are, and what came of every connection from one to another."""

    arrows: tuple[Flow, ...]
    states: dict[tuple[str, str, int], str]

    def allowed(self, source: str, target: str, port: int) -> bool:
        return any(
            arrow.source.name in {source, parties.EVERYTHING.name}
            and arrow.target.name == target
            and port in arrow.ports
            for arrow in self.arrows
        )


@pytest.fixture(scope="module")
def stand_ins(kubectl: Kubectl) -> Iterator[None]:
    """A pod for each party whose own has ended, with its labels."""
    service = kubectl.json("get", "deployment", "web4-identity")["spec"]["template"]["spec"]
    container = service["containers"][0]
    names = [f"stand-in-{party.name}" for party in JOBS]
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": party.pods},
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": service["securityContext"],
                "terminationGracePeriodSeconds": 0,
                "containers": [
                    {
                        "name": "stand-in",
                        "image": container["image"],
                        "imagePullPolicy": "Never",
                        "command": ["sleep", "600"],
                        "securityContext": container["securityContext"],
                        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "32Mi"}},
                    }
                ],
            },
        }
        for name, party in zip(names, JOBS, strict=True)
    ]
    kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
    try:
        kubectl("wait", "pod", *names, "--for=condition=Ready", "--timeout=90s")
        yield
    finally:
        kubectl("delete", "pod", *names)


@pytest.fixture(scope="module")
def network(kubectl: Kubectl, stand_ins: None) -> Network:
    arrows = flows(flow_options(stack_settings(stack.STACK)))
    pods = addresses_of_pods(kubectl, arrows)
    wanted = {name: dict(targets(arrows, pods, name)) for name in pods}
    inside = networks()
    with ThreadPoolExecutor() as at_once:
        found = at_once.map(lambda name: connect(inside[pods[name][0]], wanted[name]), pods)
    states = {
        (source, wanted[source][address], address[1]): state
        for source, all_of_it in zip(pods, found, strict=True)
        for address, state in all_of_it.items()
    }
    return Network(arrows, states)


def addresses_of_pods(kubectl: Kubectl, arrows: tuple[Flow, ...]) -> dict[str, list[str]]:
    """The addresses of each party's running pods."""
    running = kubectl.json("get", "pods", "--all-namespaces", "--field-selector=status.phase=Running")["items"]
    by_name = {party.name: party for arrow in arrows for party in (arrow.source, arrow.target) if party.pods}
    found = {}
    for name, party in by_name.items():
        mine = [pod["status"]["podIP"] for pod in running if belongs(pod["metadata"], party)]
        if mine and party != parties.DNS:
            found[name] = mine
    return found


def belongs(pod: dict[str, Any], party: Party) -> bool:
    same_place = (pod["namespace"] == "web4") == (party.place is Place.OURS)
    return same_place and party.pods.items() <= pod["labels"].items() and "deletionTimestamp" not in pod


def targets(arrows: tuple[Flow, ...], pods: dict[str, list[str]], source: str) -> Iterator[tuple[Address, str]]:
    """Every address that some arrow leads to, for one of our pods to try: never its own, where no policy counts."""
    for name, address in OTHERS.items():
        yield address, name
    ports = {(arrow.target.name, port) for arrow in arrows if arrow.target.place is Place.OURS for port in arrow.ports}
    for target, port in ports:
        others = [address for address in pods.get(target, ()) if address != pods[source][0]]
        if others:
            yield (others[0], port), target


def test_every_arrow_connects(network: Network) -> None:
    """The gate's and the stand-ins' ports are let through to, and nobody listens there: refused is not dropped."""
    allowed = {way: state for way, state in network.states.items() if network.allowed(*way)}
    assert {way: state for way, state in allowed.items() if state == "shut"} == {}
    tried = {(source, target) for source, target, _ in allowed}
    ours = {
        (arrow.source.name, arrow.target.name)
        for arrow in network.arrows
        if arrow.source.pods and arrow.target.place is not Place.NODE and arrow.source != arrow.target
    }
    assert ours - tried == {("cnpg-operator", "restored"), ("restored", "object-store"), ("restored", "apiserver")} | {
        ("restore-drill", "restored")
    }


def test_nothing_else_connects(network: Network) -> None:
    """An operator is in a namespace of its own, which keeps it from nothing: it is a client too, if it likes."""
    others = {way: state for way, state in network.states.items() if not network.allowed(*way)}
    free = {(parties.CNPG_OPERATOR.name, target) for target in (*OTHERS, parties.EDGE.name)}
    assert {way: state for way, state in others.items() if state != "shut" and way[:2] not in free} == {}
    assert len(others) > 200
