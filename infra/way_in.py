"""The way from clients to the edge: who opens connections to it, and which settings of it cannot go together."""

from collections.abc import Iterator

from infra.settings import EdgeSettings


def who_connects(edge: EdgeSettings) -> tuple[str, ...]:
    """The CIDRs that connections to the edge's pods come from; empty is everywhere, or a `route`'s Gateway.

    What is in front has its clients' addresses in none of its packets, so its own count then. With a traffic policy of
    Cluster a node's address takes the place of either.
    """
    if edge.client_address.trusted_ranges:
        return edge.client_address.trusted_ranges
    return edge.load_balancer.source_ranges


def detours(edge: EdgeSettings) -> Iterator[str]:
    """One `key: reason` for each setting that another one makes meaningless, or harmful."""
    kind, route, source = edge.service_type, edge.route, edge.client_address.source
    if kind != "LoadBalancer":
        for name, value in edge.load_balancer:
            if value:
                yield f"edge.load_balancer.{name}: only for service_type LoadBalancer, and it is {kind}"
    if kind == "ClusterIP":
        if route is None:
            yield "edge.service_type: ClusterIP, with no edge.route that leads there"
        if edge.node_port is not None:
            yield f"edge.node_port: {edge.node_port}, and a Service of type ClusterIP has none"
        if edge.external_traffic_policy == "Cluster":
            yield "edge.external_traffic_policy: a Service of type ClusterIP has none"
    elif edge.external_traffic_policy == "Cluster" and source == "connection":
        yield (
            "edge.external_traffic_policy: Cluster hides clients behind nodes, which would share one rate limit; "
            "say Local, or where their addresses are in edge.client_address"
        )
    if route and kind != "ClusterIP":
        yield f"edge.route: leads to a Service of type ClusterIP, and edge.service_type is {kind}"
    if route and source != "x_forwarded_for":
        yield f"edge.client_address.source: {source}, and a Gateway (edge.route) gives it in x_forwarded_for"
