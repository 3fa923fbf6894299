"""What may be reached: nothing, but along the arrows of infra/flows.py."""

from collections.abc import Iterator

import pulumi
from pulumi_kubernetes import meta, networking

from infra.flows import Flow
from infra.frozen import Frozen
from infra.kube import metadata
from infra.parties import Party, Place

DENY = "default-deny"
IN, OUT = "in", "out"


class NetworkArgs(Frozen):
    """Where, and the arrows."""

    namespace: str
    flows: tuple[Flow, ...]


class Network(pulumi.ComponentResource):
    """Every pod of the namespace cut off, and a NetworkPolicy for each end of an arrow that is a pod of ours.

    An arrow between two of our pods needs both: what the source may open, and what the target lets in. They are called
    after it: `edge-to-identity-out`, `edge-to-identity-in`.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Network", name, None, opts)
        deny = networking.v1.NetworkPolicySpecArgs(pod_selector=_selector({}), policy_types=["Ingress", "Egress"])
        for policy, spec in [(DENY, deny), *(each for flow in args.flows for each in _policies(flow))]:
            networking.v1.NetworkPolicy(
                policy,
                metadata=metadata(policy, args.namespace),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _policies(flow: Flow) -> Iterator[tuple[str, networking.v1.NetworkPolicySpecArgs]]:
    """The names and specs of a flow's policies: none for what a node does to its own pods, which no policy governs."""
    if Place.NODE in (flow.source.place, flow.target.place):
        return
    ports = [
        networking.v1.NetworkPolicyPortArgs(port=port, protocol=protocol)
        for port in flow.ports
        for protocol in flow.protocols
    ]
    if flow.source.place is Place.OURS:
        out = networking.v1.NetworkPolicyEgressRuleArgs(to=_peers(flow.target), ports=ports)
        yield (
            f"{flow.name}-{OUT}",
            networking.v1.NetworkPolicySpecArgs(
                pod_selector=_selector(flow.source.pods), policy_types=["Egress"], egress=[out]
            ),
        )
    if flow.target.place is Place.OURS:
        into = networking.v1.NetworkPolicyIngressRuleArgs(from_=_peers(flow.source), ports=ports)
        yield (
            f"{flow.name}-{IN}",
            networking.v1.NetworkPolicySpecArgs(
                pod_selector=_selector(flow.target.pods), policy_types=["Ingress"], ingress=[into]
            ),
        )


def _peers(party: Party) -> list[networking.v1.NetworkPolicyPeerArgs]:
    if party.place is Place.ADDRESSES:
        blocks = [networking.v1.IPBlockArgs(cidr=cidr) for cidr in party.addresses]
        return [networking.v1.NetworkPolicyPeerArgs(ip_block=block) for block in blocks]
    if party.place is Place.OURS:
        return [networking.v1.NetworkPolicyPeerArgs(pod_selector=_selector(party.pods))]
    return [
        networking.v1.NetworkPolicyPeerArgs(
            namespace_selector=_selector(party.namespaces), pod_selector=_selector(party.pods)
        )
    ]


def _selector(labels: dict[str, str]) -> meta.v1.LabelSelectorArgs:
    # No labels is every pod or namespace: an empty map inside would differ from what the API server keeps of it.
    return meta.v1.LabelSelectorArgs(match_labels=labels or None)
