"""What is scraped, how Prometheus and Alertmanager run, and where figures go."""

import json
from typing import Any

import pytest
import yaml
from infra_recording import Program, ProgramOf, run_program

from infra.environments import overlay
from infra.kubelet_scrape import kubelet_scrape_config

pytestmark = pytest.mark.infra


def test_what_jobs_push_is_scraped_as_it_was_pushed(program: Program) -> None:
    endpoints = program.find("ServiceMonitor", "web4-pushgateway").inputs["spec"]["endpoints"]
    assert endpoints == [{"port": "http", "honorLabels": True}]
    assert program.find("Service", "web4-pushgateway").inputs["spec"]["ports"][0]["port"] == 9091


def test_the_service_is_scraped_every_15_seconds_under_the_name_the_guide_asks_for(program: Program) -> None:
    monitor = program.find("ServiceMonitor", "web4-identity").inputs
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint == {"port": "http", "path": "/metrics", "interval": "15s"}
    service = program.find("Service", "web4-identity-service").inputs
    assert [port["name"] for port in service["spec"]["ports"]] == ["http"]
    # The operator takes the job's name from this label of the Service.
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "web4-identity"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    # ... and the selector must not catch another Service as well.
    others = [each for each in program.of_kind("Service") if each.name != "web4-identity-service"]
    assert not [each for each in others if each.inputs["metadata"].get("labels", {}).get("app") == "web4-identity"]


def test_the_database_is_scraped(program: Program) -> None:
    assert "web4-identity-db" not in [each.name for each in program.of_kind("PodMonitor")], (
        "a PodMonitor called like its Cluster is deleted by the operator"
    )
    monitor = program.find("PodMonitor", "web4-identity-db-instances").inputs
    assert monitor["spec"]["selector"]["matchLabels"]["cnpg.io/cluster"] == "web4-identity-db"


@pytest.mark.parametrize(("app", "container"), [("redis-exporter", "redis-exporter"), ("web4-edge", "nginx-exporter")])
def test_an_exporter_is_scraped_under_the_name_of_its_app(program: Program, app: str, container: str) -> None:
    monitor = program.find("PodMonitor", app).inputs["spec"]
    template = program.find("Deployment", app).inputs["spec"]["template"]
    assert monitor["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert template["metadata"]["labels"][monitor["jobLabel"]] == app
    (found,) = [each for each in template["spec"]["containers"] if each["name"] == container]
    assert monitor["podMetricsEndpoints"] == [{"port": found["ports"][0]["name"]}]


def test_every_monitor_is_selected(program: Program) -> None:
    spec = program.find("Prometheus", "web4").inputs["spec"]
    for kind, selector in (
        ("ServiceMonitor", "serviceMonitorSelector"),
        ("PodMonitor", "podMonitorSelector"),
        ("Probe", "probeSelector"),
    ):
        assert program.of_kind(kind)
        for each in program.of_kind(kind):
            assert spec[selector]["matchLabels"].items() <= each.inputs["metadata"]["labels"].items(), each.name


def test_the_edge_is_asked_as_a_client_would_under_its_public_name(program: Program) -> None:
    probe = program.find("Probe", "web4-edge-probe").inputs["spec"]
    assert probe["targets"]["staticConfig"]["static"] == ["https://web4-edge/health"]
    module = yaml.safe_load(program.find("ConfigMap", "web4-blackbox").inputs["data"]["blackbox.yaml"])
    http = module["modules"][probe["module"]]["http"]
    assert http["fail_if_not_ssl"] is True
    assert http["headers"]["Host"] == http["tls_config"]["server_name"] == "identity.web4.local"
    service = program.find("Service", "web4-blackbox").inputs
    assert probe["prober"]["url"] == f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']:g}"


def test_redis_is_asked_over_tls_with_its_own_ca_or_where_it_is_elsewhere(
    program: Program, config: dict[str, Any]
) -> None:
    def variables(of: Program) -> dict[str, str | None]:
        (container,) = of.find("Deployment", "redis-exporter").inputs["spec"]["template"]["spec"]["containers"]
        return {each["name"]: each.get("value") for each in container["env"]}

    own = variables(program)
    assert own["REDIS_ADDR"] == "rediss://redis-service:6379"
    assert own["REDIS_EXPORTER_TLS_CA_CERT_FILE"] == "/etc/web4/redis-ca/ca.crt"
    external = {"tls": None, "external": {"host": "redis.web4.io", "port": 6380}}
    assert variables(run_program(overlay(config, {"redis": external})))["REDIS_ADDR"] == "rediss://redis.web4.io:6380"


def test_prometheus_may_look_at_its_own_namespace_and_at_the_nodes_figures(
    program: Program, config: dict[str, Any]
) -> None:
    role = program.find("Role", "web4-prometheus").inputs
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert "secrets" not in {resource for rule in role["rules"] for resource in rule["resources"]}
    nodes = program.find("ClusterRole", "web4-prometheus-nodes").inputs["rules"]
    assert {(res, verb) for rule in nodes for res in rule["resources"] for verb in rule["verbs"]} == {
        *(("nodes", verb) for verb in ("get", "list", "watch")),
        ("nodes/metrics", "get"),
    }
    without = run_program(overlay(config, {"monitoring": {"kubelet": False}}))
    assert not [each for each in without.of_kind("ClusterRoleBinding") if each.name != "prometheus-operator"]
    assert "additionalScrapeConfigs" not in without.find("Prometheus", "web4").inputs["spec"]


def test_of_the_nodes_figures_those_of_the_stacks_namespace_are_kept(program: Program) -> None:
    key = program.find("Prometheus", "web4").inputs["spec"]["additionalScrapeConfigs"]
    assert key == {"name": "web4-prometheus-kubelet", "key": "kubelet.yaml"}
    written = kubelet_scrape_config("web4")
    assert json.dumps(written) in json.dumps(program.find("Secret", key["name"]).inputs["stringData"])
    (job,) = yaml.safe_load(written)
    assert job["metrics_path"] == "/metrics/cadvisor"
    (keep,) = job["metric_relabel_configs"]
    assert keep["action"] == "keep" and keep["regex"].endswith(";web4")


def test_alerts_go_to_alertmanager(program: Program) -> None:
    (target,) = program.find("Prometheus", "web4").inputs["spec"]["alerting"]["alertmanagers"]
    assert target == {"name": "alertmanager-operated", "namespace": "web4", "port": "web"}


def test_figures_live_as_long_as_the_pod_unless_a_volume_is_asked_for(program: Program, otherwise: Program) -> None:
    assert "storage" not in program.find("Prometheus", "web4").inputs["spec"]
    kept = otherwise.find("Prometheus", "web4").inputs["spec"]
    claim = kept["storage"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "5Gi"


def test_figures_are_sent_to_a_long_term_store_if_there_is_one(program: Program, otherwise: Program) -> None:
    assert "remoteWrite" not in program.find("Prometheus", "web4").inputs["spec"]
    (store,) = otherwise.find("Prometheus", "web4").inputs["spec"]["remoteWrite"]
    login = {key: {"name": "mimir", "key": key} for key in ("username", "password")}
    assert store == {"url": "https://mimir.web4.io/api/v1/push", "basicAuth": login}
    policies = [each.inputs["spec"] for each in otherwise.of_kind("NetworkPolicy") if "long-term-store" in each.name]
    assert [rule["ports"][0]["port"] for spec in policies for rule in spec["egress"]] == [443]


def test_in_prod_there_are_two_of_prometheus_and_three_of_alertmanager(program: Program, program_of: ProgramOf) -> None:
    for kind, one, many in (("Prometheus", 1, 2), ("Alertmanager", 1, 3)):
        assert program.find(kind, "web4").inputs["spec"]["replicas"] == one
        spec = program_of("prod").find(kind, "web4").inputs["spec"]
        assert spec["replicas"] == many
        rules = spec["topologySpreadConstraints"]
        assert {rule["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] for rule in rules} == {kind.lower()}
