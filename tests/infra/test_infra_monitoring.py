"""What is scraped, the guide's rules, and the runbook behind each of them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pulumi
import pytest
import yaml
from infra_recording import is_secret, run_program

from infra.alertmanager_conf import render_alertmanager_conf
from infra.configuration import build_settings
from infra.environments import overlay
from infra.settings import PagerSettings
from monitoring import RULE_FILES, RULE_TESTS, RUNBOOKS, alertmanager_config, rule_groups

pytestmark = pytest.mark.infra

# guide, Alert Rules: name, expr, for, severity, summary
GUIDE = {
    "HighRejectionRate": (
        *("rate(web4_identity_lct_mint_rejected_total[5m]) > 10", "5m", "warning"),
        "High LCT mint rejection rate",
    ),
    "RateLimitingActive": (
        *("rate(web4_identity_rate_limit_rejected_total[1m]) > 5", "2m", "info"),
        "Rate limiting actively blocking requests",
    ),
    "ServiceDown": ('up{job="web4-identity"} == 0', "1m", "critical", "Web4 Identity Service is down"),
}
CHAPTERS = ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation")


def alerts() -> dict[str, dict]:
    return {rule["alert"]: rule for group in rule_groups() for rule in group["rules"]}


def promtool(*arguments: str) -> None:
    cache = Path(os.environ.get("WEB4_CACHE", "~/.cache/web4-identity")).expanduser()
    found = shutil.which("promtool") or shutil.which("promtool", path=cache / "bin")
    assert found, f"promtool is neither on PATH nor in {cache}/bin; `make up` builds it"
    done = subprocess.run([found, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_jobs_push_is_scraped_as_it_was_pushed(program):
    endpoints = program.find("ServiceMonitor", "web4-pushgateway").inputs["spec"]["endpoints"]
    assert endpoints == [{"port": "http", "honorLabels": True}]
    assert program.find("Service", "web4-pushgateway").inputs["spec"]["ports"][0]["port"] == 9091


def test_the_guides_alerts_are_as_it_writes_them():
    written = {
        name: (rule["expr"], rule["for"], rule["labels"]["severity"], rule["annotations"]["summary"])
        for name, rule in alerts().items()
    }
    assert written == GUIDE


def test_promtool_accepts_the_rules():
    promtool("check", "rules", "--lint=all", "--lint-fatal", *map(str, RULE_FILES.glob("*.yaml")))


def test_promtool_sees_each_alert_fire_and_stay_silent():
    promtool("test", "rules", *map(str, RULE_TESTS.glob("*.yaml")))


def test_every_alert_has_a_case_that_fires_and_one_that_ends_silent():
    fires, silent = set(), set()
    for file in RULE_TESTS.glob("*.yaml"):
        for case in yaml.safe_load(file.read_text())["tests"]:
            checks = case["alert_rule_test"]
            names = {check["alertname"] for check in checks}
            (fires if any(check["exp_alerts"] for check in checks) else silent).update(names)
    assert fires == silent == set(alerts())


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_an_alert_leads_to_its_runbook(alert):
    url = alerts()[alert]["annotations"]["runbook_url"]
    assert url == f"monitoring/runbooks/{alert}.md"
    page = (RUNBOOKS / f"{alert}.md").read_text()
    assert [chapter for chapter in CHAPTERS if chapter in page] == list(CHAPTERS)


def test_the_rules_reach_prometheus(program):
    rule = program.find("PrometheusRule", "web4")
    assert rule.inputs["spec"]["groups"] == rule_groups()
    selector = program.find("Prometheus", "web4").inputs["spec"]["ruleSelector"]["matchLabels"]
    assert selector.items() <= rule.inputs["metadata"]["labels"].items()


def test_the_service_is_scraped_every_15_seconds_under_the_name_the_guide_asks_for(program):
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


def test_the_database_is_scraped(program):
    (found,) = program.of_kind("PodMonitor")
    assert found.name != "web4-identity-db", "a PodMonitor called like its Cluster is deleted by the operator"
    monitor = found.inputs
    assert monitor["spec"]["selector"]["matchLabels"]["cnpg.io/cluster"] == "web4-identity-db"
    selector = program.find("Prometheus", "web4").inputs["spec"]["podMonitorSelector"]["matchLabels"]
    assert selector.items() <= monitor["metadata"]["labels"].items()


def test_prometheus_may_look_and_only_in_its_own_namespace(program):
    role = program.find("Role", "web4-prometheus").inputs
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert "secrets" not in {resource for rule in role["rules"] for resource in rule["resources"]}
    assert not [each for each in program.of_kind("ClusterRoleBinding") if each.name != "prometheus-operator"]


def test_alerts_go_to_alertmanager(program):
    (target,) = program.find("Prometheus", "web4").inputs["spec"]["alerting"]["alertmanagers"]
    assert target == {"name": "alertmanager-operated", "namespace": "web4", "port": "web"}
    assert program.find("Alertmanager", "web4").inputs["spec"]["configSecret"] == "web4-alertmanager-config"
    assert is_secret(program.find("Secret", "web4-alertmanager-config").inputs["stringData"])


def test_without_a_pager_nobody_is_called():
    config = yaml.safe_load(alertmanager_config())
    assert config["receivers"] == [{"name": config["route"]["receiver"]}]


@pytest.mark.parametrize(
    ("kind", "receiver"),
    [
        ("webhook", {"webhook_configs": [{"url_file": "/etc/alertmanager/secrets/on-call/url"}]}),
        ("pagerduty", {"pagerduty_configs": [{"routing_key_file": "/etc/alertmanager/secrets/on-call/routing_key"}]}),
    ],
)
def test_a_pager_is_called_for_critical_alerts_and_its_key_stays_in_its_secret(config, kind, receiver):
    pager = {"kind": kind, "secret_name": "on-call"}
    program = run_program(overlay(config, {"monitoring": {"pager": pager, "alertmanager_version": "0.28.1"}}))
    assert program.find("Alertmanager", "web4").inputs["spec"]["secrets"] == ["on-call"]
    written = render_alertmanager_conf(PagerSettings(**pager))
    assert json.dumps(written) in json.dumps(program.find("Secret", "web4-alertmanager-config").inputs["stringData"])
    conf = yaml.safe_load(written)
    assert conf["receivers"][1:] == [{"name": "pager", **receiver}]
    assert conf["route"]["routes"] == [{"receiver": "pager", "matchers": ['severity="critical"']}]
    assert "critical" in {rule["labels"]["severity"] for rule in alerts().values()}


def test_a_pager_is_refused_where_alertmanager_would_not_read_its_file(config):
    pager = {"kind": "webhook", "secret_name": "on-call"}
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"monitoring": {"pager": pager, "alertmanager_version": "0.25.0"}}))
    assert str(caught.value) == (
        "web4-identity:monitoring: pager needs Alertmanager 0.26.0 or newer, alertmanager_version is 0.25.0"
    )


def test_figures_live_as_long_as_the_pod_unless_a_volume_is_asked_for(program, config):
    assert "storage" not in program.find("Prometheus", "web4").inputs["spec"]
    kept = run_program(overlay(config, {"monitoring": {"storage": "5Gi"}})).find("Prometheus", "web4")
    claim = kept.inputs["spec"]["storage"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "5Gi"
