"""Prometheus and Alertmanager as they run: what is scraped, which rules are loaded."""

import time

from cluster_stack import Kubectl
from live_prometheus import Prometheus


def test_the_mint_counter_is_there(prometheus: Prometheus) -> None:
    deadline = time.monotonic() + 60  # two scrapes and more
    while not (found := prometheus.query("sum(web4_identity_lct_minted_total) > 0")):
        assert time.monotonic() < deadline, "no mint counted after a minute"
        time.sleep(3)
    assert float(found[0]["value"][1]) >= 1


def test_every_replica_is_scraped_each_15_seconds(prometheus: Prometheus, kubectl: Kubectl) -> None:
    deadline = time.monotonic() + 90
    while True:
        targets = prometheus.get("/api/v1/targets?state=active")["activeTargets"]
        ours = [target for target in targets if target["labels"]["job"] == "web4-identity"]
        pods = {target["labels"]["pod"] for target in ours if target["health"] == "up"}
        if pods == set(kubectl.identity_pods()):
            break
        assert time.monotonic() < deadline, ours
        time.sleep(3)
    assert {target["scrapeInterval"] for target in ours} == {"15s"}


def test_every_rule_is_loaded_and_healthy(prometheus: Prometheus) -> None:
    deadline = time.monotonic() + 90
    while True:  # a rule is "unknown" until its first evaluation
        rules = [rule for group in prometheus.get("/api/v1/rules")["groups"] for rule in group["rules"]]
        if rules and all(rule["health"] != "unknown" for rule in rules):
            break
        assert time.monotonic() < deadline, rules
        time.sleep(3)
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    assert {"HighRejectionRate", "RateLimitingActive", "ServiceDown"} <= {rule["name"] for rule in rules}


def test_prometheus_has_an_alertmanager_to_tell(prometheus: Prometheus) -> None:
    assert prometheus.get("/api/v1/alertmanagers")["activeAlertmanagers"]


def test_every_exporter_and_the_nodes_are_scraped(prometheus: Prometheus) -> None:
    wanted = {
        "redis-exporter",
        "web4-edge",
        "web4-edge-probe",
        "web4-pushgateway",
        "prometheus",
        "alertmanager",
        "kubelet",
    }
    deadline = time.monotonic() + 120
    while missing := wanted - {each["metric"]["job"] for each in prometheus.query("up == 1")}:
        assert time.monotonic() < deadline, f"not scraped: {missing}"
        time.sleep(3)
    assert prometheus.query("redis_up == 1 and redis_memory_max_bytes > 0")
    assert prometheus.query('probe_success{job="web4-edge-probe"} == 1')
    assert {each["metric"]["namespace"] for each in prometheus.query("container_memory_working_set_bytes")} == {"web4"}


def test_the_database_is_scraped(prometheus: Prometheus) -> None:
    deadline = time.monotonic() + 90
    while not prometheus.query("cnpg_collector_up == 1"):
        assert time.monotonic() < deadline, "no database instance answers scrapes"
        time.sleep(3)
