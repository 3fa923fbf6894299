"""How clients come to the edge: its Service, a load balancer or a Gateway in front, and its certificate's issuer."""

from typing import Any

import pulumi
import pytest
from infra_recording import Program, run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

BALANCED = {"service_type": "LoadBalancer", "node_port": None}
TRUSTED = ["10.0.0.0/8"]
FORWARDED = {"source": "x_forwarded_for", "trusted_ranges": TRUSTED}
ROUTE = {"gateway": "public", "namespace": "gateways"}
ROUTED = {"service_type": "ClusterIP", "node_port": None, "client_address": FORWARDED, "route": ROUTE}
ISSUED = {"certificate_file": None, "private_key_file": None, "issuer": {"name": "letsencrypt"}}


def edge(config: dict[str, Any], **change: Any) -> Program:
    return run_program(overlay(config, {"edge": change}))


def service(program: Program) -> dict[str, Any]:
    return dict(program.find("Service", "web4-edge").inputs["spec"])


def let_in(program: Program, policy: str) -> list[dict[str, Any]]:
    """Who a policy lets in, at the edge's port alone."""
    (rule,) = program.find("NetworkPolicy", policy).inputs["spec"]["ingress"]
    assert rule["ports"] == [{"port": 8443, "protocol": "TCP"}]
    return list(rule["from"])


def test_the_load_balancer_is_asked_for_what_the_stack_says(config: dict[str, Any]) -> None:
    wanted = {"class_name": "internal", "annotations": {"cloud/size": "small"}, "source_ranges": ["192.0.2.0/24"]}
    program = edge(config, **BALANCED, load_balancer=wanted)
    spec = service(program)
    assert (spec["type"], spec["loadBalancerClass"]) == ("LoadBalancer", "internal")
    assert spec["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
    assert program.find("Service", "web4-edge").inputs["metadata"]["annotations"] == {"cloud/size": "small"}
    assert let_in(program, "internet-to-edge-in") == [{"ipBlock": {"cidr": "192.0.2.0/24"}}]


def test_behind_something_that_is_trusted_it_alone_may_connect(config: dict[str, Any]) -> None:
    behind = {"source": "proxy_protocol", "trusted_ranges": TRUSTED}
    ranges = {"source_ranges": ["192.0.2.0/24"]}
    program = edge(config, **BALANCED, client_address=behind, load_balancer=ranges, external_traffic_policy="Cluster")
    assert let_in(program, "internet-to-edge-in") == [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    assert service(program)["externalTrafficPolicy"] == "Cluster"
    conf = program.find("ConfigMap", "web4-edge").inputs["data"]["nginx.conf"]
    assert "listen 8443 ssl http2 proxy_protocol default_server;" in conf and "set_real_ip_from 10.0.0.0/8;" in conf


def test_a_gateway_takes_the_place_of_the_load_balancer(config: dict[str, Any]) -> None:
    route = {**ROUTE, "section": "https", "proxy_namespace": "proxies"}
    program = edge(config, **{**ROUTED, "public_authorities": ["identity.web4.io:8443"], "route": route})
    spec = service(program)
    assert spec["type"] == "ClusterIP" and "externalTrafficPolicy" not in spec
    assert let_in(program, "gateway-to-edge-in") == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "proxies"}}, "podSelector": {}}
    ]
    assert "internet-to-edge-in" not in [each.name for each in program.of_kind("NetworkPolicy")]
    spec = program.find("HTTPRoute", "web4-edge").inputs["spec"]
    (parent,) = spec["parentRefs"]
    assert (parent["name"], parent["namespace"], parent["sectionName"]) == ("public", "gateways", "https")
    assert spec["hostnames"] == ["identity.web4.local", "identity.web4.io"]
    (rule,) = spec["rules"]
    assert [(each["name"], each["port"]) for each in rule["backendRefs"]] == [("web4-edge", 443)]


@pytest.mark.parametrize(
    ("config_map", "trust"),
    [
        (None, {"wellKnownCACertificates": "System"}),
        ("our-ca", {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "our-ca"}]}),
    ],
    ids=["a public authority", "one of ours"],
)
def test_the_gateway_speaks_tls_to_the_edge_and_knows_its_certificate(
    config: dict[str, Any], config_map: str | None, trust: dict[str, Any]
) -> None:
    program = edge(config, **{**ROUTED, "route": {**ROUTE, "ca_config_map": config_map}})
    spec = program.find("BackendTLSPolicy", "web4-edge").inputs["spec"]
    assert spec["validation"] == {"hostname": "identity.web4.local", **trust}
    assert spec["targetRefs"] == [{"group": "", "kind": "Service", "name": "web4-edge"}]
    assert "sectionName" not in program.find("HTTPRoute", "web4-edge").inputs["spec"]["parentRefs"][0]


def test_an_issuers_certificate_is_asked_for_before_a_pod_needs_it(config: dict[str, Any]) -> None:
    program = edge(config, tls=ISSUED, public_authorities=["identity.web4.io", "identity.web4.io:8443"])
    certificate = program.find("Certificate", "web4-edge-issued")
    spec = certificate.inputs["spec"]
    assert spec["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"}
    assert spec["dnsNames"] == ["identity.web4.local", "identity.web4.io"]
    assert spec["privateKey"] == {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
    assert (spec["duration"], spec["renewBefore"]) == ("2160h", "720h")
    assert certificate.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    deployment = program.find("Deployment", "web4-edge")
    volumes = deployment.inputs["spec"]["template"]["spec"]["volumes"]
    assert [each["secret"]["secretName"] for each in volumes if "secret" in each] == [spec["secretName"]]
    assert certificate.urn in program.waits_for(deployment)
    assert "web4-edge-tls" not in [each.name for each in program.of_kind("Secret")]


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            {"load_balancer": {"source_ranges": ["192.0.2.0/24"]}},
            ["edge.load_balancer.source_ranges: only for service_type LoadBalancer, and it is NodePort"],
        ),
        (
            {"load_balancer": {"class_name": "internal", "annotations": {"a": "b"}}},
            [
                "edge.load_balancer.class_name: only for service_type LoadBalancer, and it is NodePort",
                "edge.load_balancer.annotations: only for service_type LoadBalancer, and it is NodePort",
            ],
        ),
        (
            {"load_balancer": {"source_ranges": ["192.0.2.1/24"]}},
            ["edge.load_balancer.source_ranges.0: 192.0.2.1/24 has host bits set"],
        ),
        (
            {"external_traffic_policy": "Cluster"},
            [
                "edge.external_traffic_policy: Cluster hides clients behind nodes, which would share one rate limit; "
                "say Local, or where their addresses are in edge.client_address"
            ],
        ),
        (
            {"service_type": "ClusterIP", "external_traffic_policy": "Cluster"},
            [
                "edge.service_type: ClusterIP, with no edge.route that leads there",
                "edge.node_port: 30443, and a Service of type ClusterIP has none",
                "edge.external_traffic_policy: a Service of type ClusterIP has none",
            ],
        ),
        (
            {"route": ROUTE},
            [
                "edge.route: leads to a Service of type ClusterIP, and edge.service_type is NodePort",
                "edge.client_address.source: connection, and a Gateway (edge.route) gives it in x_forwarded_for",
            ],
        ),
        (
            {"client_address": {"source": "proxy_protocol"}},
            [
                "edge.client_address: trusted_ranges go with source x_forwarded_for or proxy_protocol, "
                "and these with them"
            ],
        ),
        (
            {"client_address": {"trusted_ranges": TRUSTED}},
            [
                "edge.client_address: trusted_ranges go with source x_forwarded_for or proxy_protocol, "
                "and these with them"
            ],
        ),
        (
            {"client_address": {**FORWARDED, "trusted_ranges": ["::/0"]}},
            ["edge.client_address: trusted_ranges: everywhere is no range; any client could give itself any address"],
        ),
        (
            {"tls": {"issuer": {"name": "letsencrypt"}}},
            ["edge.tls: give one of: certificate_file and private_key_file; secret_name; issuer"],
        ),
        (
            {"tls": {**ISSUED, "issuer": {"name": "ours", "kind": "issuer"}}},
            ["edge.tls.issuer.kind: Input should be 'ClusterIssuer' or 'Issuer'"],
        ),
    ],
)
def test_settings_that_cannot_go_together_say_so(
    config: dict[str, Any], change: dict[str, Any], lines: list[str]
) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"edge": change}))
    assert str(caught.value).splitlines() == [f"web4-identity:{line}" for line in lines]
