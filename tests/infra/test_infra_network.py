"""The arrows of the architecture, the policies made from them, and the drawing."""

from typing import Any

import pulumi
import pytest
from infra_recording import Program, Resource, pod_template, run_program

from infra import drawing
from infra.components import alertmanager, database, object_store, prometheus, restore_drill
from infra.environments import overlay
from infra.flows import Flow, FlowOptions, flows
from infra.parties import EDGE, IDENTITY, POSTGRES, Party, Place

pytestmark = pytest.mark.infra

LOCAL = flows(
    FlowOptions(
        api_server_cidrs=("0.0.0.0/0",),
        external_postgres_port=None,
        external_redis_port=None,
        backup_port=object_store.PORT,
        own_store=True,
        receiver_ports=(),
        remote_write_port=None,
        kubelet=True,
        grafana_namespace=None,
    )
)
# The labels that the operators give the pods they make for us, besides those of infra/flows.py.
OPERATORS_PODS = {
    "postgres": {"cnpg.io/cluster": database.CLUSTER, "cnpg.io/podRole": "instance"},
    "restored": {"cnpg.io/cluster": restore_drill.CLUSTER, "cnpg.io/podRole": "instance"},
    "prometheus": {"app.kubernetes.io/name": "prometheus", "prometheus": prometheus.NAME},
    "alertmanager": {"app.kubernetes.io/name": "alertmanager", "alertmanager": alertmanager.NAME},
}
API_SERVER, CLIENT = "10.89.0.2", "198.51.100.7"


def workloads(program: Program) -> list[Resource]:
    """Every workload of ours that makes pods."""
    found = [*program.of_kind("Deployment"), *program.of_kind("Job"), *program.of_kind("CronJob")]
    return [each for each in found if each.inputs["metadata"]["namespace"] == "web4"]


def pod_labels(workload: Resource) -> dict[str, str]:
    return dict(pod_template(workload)["metadata"]["labels"])


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


class Rules:
    """The policies as a network plugin reads them. A peer is a pod's labels with its namespace's, or an address."""

    def __init__(self, program: Program) -> None:
        self._specs = [each.inputs["spec"] for each in program.of_kind("NetworkPolicy")]

    def open(self, pod: dict[str, str], peer: Any, port: int, protocol: str = "TCP", *, outward: bool) -> bool:
        """Whether `pod` may open a connection to `peer` (`outward`), or `peer` to it; `port` is the target's."""
        kind, key, end = ("Egress", "egress", "to") if outward else ("Ingress", "ingress", "from")
        specs = [each for each in self._specs if kind in each["policyTypes"] and selects(each["podSelector"], pod)]
        assert specs, "a pod that no policy selects is open to everything"
        return any(
            {"port": port, "protocol": protocol} in rule["ports"] and any(self._is(peer, each) for each in rule[end])
            for spec in specs
            for rule in spec.get(key, [])
        )

    def connects(self, source: dict[str, str], target: dict[str, str], port: int) -> bool:
        """Whether a connection between two pods of ours is let out and let in."""
        ours = {"kubernetes.io/metadata.name": "web4"}
        return self.open(source, (target, ours), port, outward=True) and self.open(
            target, (source, ours), port, outward=False
        )

    @staticmethod
    def _is(peer: Any, rule: dict[str, Any]) -> bool:
        if isinstance(peer, str):
            return rule.get("ipBlock", {}).get("cidr") in {"0.0.0.0/0", f"{peer}/32"}
        labels, namespace = peer
        if "podSelector" not in rule or not selects(rule["podSelector"], labels):
            return False
        if "namespaceSelector" not in rule:
            return bool(namespace["kubernetes.io/metadata.name"] == "web4")
        return selects(rule["namespaceSelector"], namespace)


@pytest.fixture(scope="module")
def rules(program: Program) -> Rules:
    return Rules(program)


@pytest.fixture(scope="module")
def pods(program: Program) -> dict[str, dict[str, str]]:
    """Every pod's labels, by the name it has in the drawing."""
    by_app = {pod_labels(each)["app"]: pod_labels(each) for each in workloads(program)}
    other = {
        "web4-identity-migrate": "migrations",
        "web4-identity-gate": "gate",
        "web4-identity-scan": "scan",
    }
    return {**{other.get(app, app.removeprefix("web4-")): each for app, each in by_app.items()}, **OPERATORS_PODS}


def test_the_committed_drawing_is_what_the_table_says() -> None:
    assert drawing.FILE.read_text() == drawing.render(), "run `make docs` and commit what it writes"


def test_every_arrow_is_in_the_drawing() -> None:
    for flow in LOCAL:
        assert f"    {flow.source.name} -->|" in drawing.render()
        assert f"| {flow.name} |" in drawing.render()


def test_without_an_arrow_nothing_goes_in_or_out(program: Program) -> None:
    spec = program.find("NetworkPolicy", "default-deny").inputs["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_policy_is_called_after_its_arrow(program: Program) -> None:
    names = {each.name for each in program.of_kind("NetworkPolicy")} - {"default-deny"}
    arrows = {flow.name for flow in LOCAL if flow.source.place is not Place.NODE}
    assert {name.removesuffix("-in").removesuffix("-out") for name in names} == arrows
    for flow in LOCAL:
        between = flow.source.place is flow.target.place is Place.OURS
        assert ({f"{flow.name}-in", f"{flow.name}-out"} <= names) == between, flow.name


def test_every_port_of_every_container_is_named_by_an_arrow(program: Program) -> None:
    for workload in workloads(program):
        labels = pod_labels(workload)
        into = [
            flow for flow in LOCAL if flow.target.place is Place.OURS and flow.target.pods.items() <= labels.items()
        ]
        named = {port for flow in into for port in flow.ports}
        pod = pod_template(workload)["spec"]
        containers = [*pod["containers"], *pod.get("initContainers", [])]
        ports = {port["containerPort"] for each in containers for port in each.get("ports", [])}
        assert ports <= named, workload.name
        probes = [probe for each in containers for name, probe in each.items() if name.endswith("Probe")]
        asked = {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe}
        assert asked <= {port for flow in into if flow.source.name == "kubelet" for port in flow.ports}, workload.name


def test_every_arrow_ends_at_pods_there_are(pods: dict[str, dict[str, str]]) -> None:
    for party in {party.name: party for flow in LOCAL for party in (flow.source, flow.target)}.values():
        if party.place is Place.OURS and party.pods:
            assert [name for name, labels in pods.items() if party.pods.items() <= labels.items()] == [party.name]


def test_between_our_pods_exactly_the_arrows_are_open(pods: dict[str, dict[str, str]], rules: Rules) -> None:
    ports = {port for flow in LOCAL for port in flow.ports} | {22, 80, 9093}
    found = {
        (source, target, port)
        for source in pods
        for target in pods
        for port in ports
        if rules.connects(pods[source], pods[target], port)
    }
    assert found == {
        ("edge", "identity", 8001),
        ("gate", "postgres", 5432),
        ("gate", "redis", 6379),
        ("scan", "postgres", 5432),
        ("scan", "edge", 8443),
        ("scan", "pushgateway", 9091),
        ("identity", "postgres", 5432),
        ("identity", "redis", 6379),
        ("migrations", "postgres", 5432),
        ("postgres", "postgres", 5432),
        ("postgres", "postgres", 8000),
        ("postgres", "object-store", 7070),
        ("configuration-copy", "object-store", 7070),
        ("restored", "object-store", 7070),
        ("restore-drill", "postgres", 5432),
        ("restore-drill", "pushgateway", 9091),
        ("restore-drill", "restored", 5432),
        ("prometheus", "identity", 8001),
        ("prometheus", "postgres", 9187),
        ("prometheus", "alertmanager", 9093),
        ("prometheus", "pushgateway", 9091),
        ("prometheus", "prometheus", 9090),
        ("prometheus", "edge", 9113),
        ("prometheus", "redis-exporter", 9121),
        ("prometheus", "blackbox", 9115),
        ("redis-exporter", "redis", 6379),
        ("blackbox", "edge", 8443),
        ("alertmanager", "alertmanager", 9094),
    }


def test_the_internet_reaches_the_edge_alone(pods: dict[str, dict[str, str]], rules: Rules) -> None:
    ports = {port for flow in LOCAL for port in flow.ports}
    reached = {(name, port) for name in pods for port in ports if rules.open(pods[name], CLIENT, port, outward=False)}
    assert reached == {("edge", 8443)}


def test_outside_only_the_api_server_and_dns_are_reached(pods: dict[str, dict[str, str]], rules: Rules) -> None:
    api = {name for name in pods if rules.open(pods[name], API_SERVER, 6443, outward=True)}
    assert api == {"postgres", "restored", "restore-drill", "prometheus"}
    assert not [
        name for name in pods for port in (80, 5432, 8443) if rules.open(pods[name], CLIENT, port, outward=True)
    ]
    dns = ({"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"})
    elsewhere = ({"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "default"})
    for labels in pods.values():
        for protocol in ("UDP", "TCP"):
            # 5353: where the embedded cluster's CoreDNS listens, behind a Service at 53.
            assert all(rules.open(labels, dns, port, protocol, outward=True) for port in (53, 5353))
            assert not rules.open(labels, elsewhere, 53, protocol, outward=True)


def test_the_operator_reaches_its_instances_from_whichever_namespace_it_is_in(
    pods: dict[str, dict[str, str]], rules: Rules
) -> None:
    for namespace in ("cnpg-system", "operators"):
        operator = ({"app.kubernetes.io/name": "cloudnative-pg"}, {"kubernetes.io/metadata.name": namespace})
        assert rules.open(pods["postgres"], operator, 8000, outward=False)
        assert not rules.open(pods["identity"], operator, 8001, outward=False)
    stranger = ({"app": "x"}, {"kubernetes.io/metadata.name": "cnpg-system"})
    assert not rules.open(pods["postgres"], stranger, 5432, outward=False)


def test_no_pod_is_there_before_the_walls_are(program: Program) -> None:
    deny = program.find("NetworkPolicy", "default-deny")
    made = [*workloads(program), *(program.of_kind(kind)[0] for kind in ("Cluster", "Prometheus", "Alertmanager"))]
    assert len(made) >= 11
    for each in made:
        assert deny.urn in program.waits_for(each), each.urn


def test_what_the_settings_name_gets_an_arrow(config: dict[str, Any], pods: dict[str, dict[str, str]]) -> None:
    change = {
        "cluster": {"api_server_cidrs": ["10.89.0.2/32"]},
        "backup": {
            "local_store": None,
            "destination": "s3://backups/web4",
            "endpoint": "https://s3.web4.io:9000",
            "credentials_secret_name": "web4-backup",
        },
        "redis": {"tls": None, "external": {"host": "redis.web4.io", "port": 6380}},
        "monitoring": {
            "pager": {"kind": "webhook", "secret_name": "on-call", "port": 8443},
            "alertmanager_version": "0.28.1",
            "grafana_namespace": "grafana",
        },
    }
    rules = Rules(run_program(overlay(config, change)))
    assert rules.open(pods["identity"], CLIENT, 6380, outward=True)
    assert not rules.open(
        pods["identity"], (pods["redis"], {"kubernetes.io/metadata.name": "web4"}), 6379, outward=True
    )
    assert rules.open(pods["alertmanager"], CLIENT, 8443, outward=True)
    for name in ("postgres", "restored", "configuration-copy"):
        assert rules.open(pods[name], CLIENT, 9000, outward=True)
    grafana = ({"app": "grafana"}, {"kubernetes.io/metadata.name": "grafana"})
    assert rules.open(pods["prometheus"], grafana, 9090, outward=False)
    assert rules.open(pods["postgres"], API_SERVER, 6443, outward=True)
    assert not rules.open(pods["postgres"], CLIENT, 6443, outward=True)


def test_an_address_that_is_no_network_is_named(config: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError, match=r"web4-identity:cluster\.api_server_cidrs\.0: "):
        run_program(overlay(config, {"cluster": {"api_server_cidrs": ["10.89.0.2/24"]}}))


def test_an_arrow_has_the_name_of_its_ends() -> None:
    assert Flow(source=EDGE, target=IDENTITY, ports=(1,), why="").name == "edge-to-identity"
    assert Flow(source=POSTGRES, target=Party(name="x", place=Place.NODE), ports=(1,), why="").name == "postgres-to-x"
