"""The way from a Gateway to the edge, in place of a load balancer of its own; Gateway API 1.4, decision 18."""

from typing import Any

import pulumi

from infra.kube import custom_resource
from infra.settings import EdgeSettings
from infra.settings.edge import RouteSettings

API = "gateway.networking.k8s.io/v1"


def route(
    namespace: str, edge: EdgeSettings, gateway: RouteSettings, service: str, port: int, opts: pulumi.ResourceOptions
) -> None:
    """An HTTPRoute from `gateway` to `service`, and the policy that the Gateway speaks TLS to it."""
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.gateway,
        "namespace": gateway.namespace,
        **({"sectionName": gateway.section} if gateway.section else {}),
    }
    backend = {"group": "", "kind": "Service", "name": service, "port": port, "weight": 1}
    paths = [{"path": {"type": "PathPrefix", "value": "/"}}]
    spec = {
        "parentRefs": [parent],
        "hostnames": list(edge.hosts),
        "rules": [{"matches": paths, "backendRefs": [backend]}],
    }
    custom_resource(API, "HTTPRoute", service, namespace, spec, opts, app=service)
    policy = {
        "targetRefs": [{"group": "", "kind": "Service", "name": service}],
        "validation": {"hostname": edge.server_name, **_trust(gateway.ca_config_map)},
    }
    custom_resource(API, "BackendTLSPolicy", service, namespace, policy, opts, app=service)


def _trust(ca_config_map: str | None) -> dict[str, Any]:
    if ca_config_map is None:
        return {"wellKnownCACertificates": "System"}
    return {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": ca_config_map}]}
