"""Writes docs/architecture.md from the table of flows: `python -m infra.drawing`, or `make docs`."""

from infra.components import object_store
from infra.flows import Flow, FlowOptions, flows
from infra.parties import Party, Place
from infra.settings.kinds import PROJECT_ROOT

FILE = PROJECT_ROOT / "docs" / "architecture.md"

# Everything that a stack can have.
_ALL = FlowOptions(
    api_server_cidrs=("0.0.0.0/0",),
    external_postgres_port=None,
    external_redis_port=None,
    backup_port=object_store.PORT,
    own_store=True,
    receiver_ports=(443,),
    remote_write_port=443,
    kubelet=True,
    grafana_namespace="grafana",
    grafana=True,
    grafana_clients_namespace="ingress",
    grafana_oauth_port=443,
    metadata_server=True,
)

_HEAD = """# Architecture: who speaks to whom

Written by `make docs` from `infra/flows.py`, which the NetworkPolicies are made from too: change that, not this file.

Boxes are pods of the stack, each with a namespace that lets nothing in or out but along these arrows; round ends are
outside of it. Receivers of alerts, a long-term store, a Grafana, its own or another, and GKE's metadata server are
there when the stack's settings name them; the arrows to Redis and to the object store lead outside where those are
elsewhere, and with `edge.route` the arrow from the internet comes from the Gateway's pods. `everything` is every pod of
the stack.
"""


def render() -> str:
    """The whole page, Markdown."""
    table = flows(_ALL)
    parties = {party.name: party for flow in table for party in (flow.source, flow.target)}
    return "\n".join(
        [
            _HEAD,
            "```mermaid",
            "flowchart LR",
            *(f"    {_node(party)}" for party in parties.values()),
            *(f'    {flow.source.name} -->|"{_ports(flow)}"| {flow.target.name}' for flow in table),
            "```",
            "",
            "| arrow | ports | why |",
            "|---|---|---|",
            *(f"| {flow.name} | {_ports(flow)} | {flow.why} |" for flow in table),
            "",
            "No NetworkPolicy is made for `kubelet`: a node always reaches its own pods.",
            "",
        ]
    )


def _node(party: Party) -> str:
    return f"{party.name}[{party.name}]" if party.place is Place.OURS else f"{party.name}([{party.name}])"


def _ports(flow: Flow) -> str:
    ports = ", ".join(str(port) for port in flow.ports)
    return ports if flow.protocols == ("TCP",) else f"{ports} {'+'.join(flow.protocols)}"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
