"""The stack's own Grafana: what it shows, who gets in, and that it keeps and tells nothing."""

import configparser
import json
from typing import Any

import pulumi
import pytest
from infra_recording import Program, run_program

from dashboards import build_all
from infra.environments import DEFAULTS, overlay
from infra.grafana_conf import render_grafana_ini
from infra.settings import GrafanaSettings

pytestmark = pytest.mark.infra

OAUTH = {
    "secret_name": "grafana-sso",
    "auth_url": "https://sso.web4.io/authorize",
    "token_url": "https://sso.web4.io/token",
    "api_url": "https://sso.web4.io/userinfo",
    "port": 8443,
}
SETTINGS = {
    "enabled": True,
    "admin_secret_name": "grafana-admin",
    "root_url": "https://grafana.web4.io/",
    "clients_namespace": "ingress",
    "oauth": OAUTH,
}


@pytest.fixture(scope="session")
def grafana(config: dict[str, Any]) -> Program:
    return run_program(
        overlay(config, {"grafana": SETTINGS, "monitoring": {"runbook_url": "https://runbooks.web4.io"}})
    )


def pod(of: Program) -> dict[str, Any]:
    return dict(of.find("Deployment", "grafana").inputs["spec"]["template"]["spec"])


def ini(settings: dict[str, Any]) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(render_grafana_ini(GrafanaSettings(**settings)))
    return parser


def test_there_is_one_in_staging_and_prod_and_none_in_local(program: Program) -> None:
    assert not [each for each in program.resources if each.inputs.get("metadata", {}).get("name") == "grafana"]
    assert {name for name, keys in DEFAULTS.items() if keys.get("grafana", {}).get("enabled")} == {"staging", "prod"}


def test_its_pod_is_hardened_alone_and_last_to_be_placed(grafana: Program) -> None:
    spec = pod(grafana)
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["runAsUser"] > 10000
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["priorityClassName"] == "web4-watching"
    assert grafana.find("Deployment", "grafana").inputs["spec"]["replicas"] == 1
    assert not [volume for volume in spec["volumes"] if "persistentVolumeClaim" in volume]


def test_every_dashboard_is_mounted_in_one_folder_that_the_provider_names(grafana: Program) -> None:
    (volume,) = [each for each in pod(grafana)["volumes"] if "projected" in each]
    names = {each["configMap"]["name"] for each in volume["projected"]["sources"]}
    texts = {key: text for name in names for key, text in grafana.find("ConfigMap", name).inputs["data"].items()}
    assert texts == build_all("https://runbooks.web4.io")
    mounts = {each["name"]: each["mountPath"] for each in pod(grafana)["containers"][0]["volumeMounts"]}
    files = grafana.find("ConfigMap", "grafana").inputs["data"]
    (provider,) = json.loads(files["dashboards.yaml"])["providers"]
    assert provider["options"]["path"] == mounts[volume["name"]]
    assert provider["allowUiUpdates"] is False and provider["disableDeletion"] is True
    home = configparser.ConfigParser(interpolation=None)
    home.read_string(files["grafana.ini"])
    assert home["dashboards"]["default_home_dashboard_path"] == f"{mounts[volume['name']]}/web4-identity.json"
    for name in names:
        assert grafana.find("ConfigMap", name).urn in grafana.waits_for(grafana.find("Deployment", "grafana"))


def test_its_data_source_is_the_stacks_prometheus_at_its_own_pace(grafana: Program) -> None:
    (source,) = json.loads(grafana.find("ConfigMap", "grafana").inputs["data"]["data-source.yaml"])["datasources"]
    assert source["type"] == "prometheus" and source["url"] == "http://prometheus-operated:9090"
    assert source["isDefault"] is True and source["editable"] is False
    interval = grafana.find("Prometheus", "web4").inputs["spec"]["scrapeInterval"]
    assert source["jsonData"]["timeInterval"] == interval


def test_what_is_secret_is_a_reference_and_nothing_else_is_a_variable(grafana: Program) -> None:
    (container,) = pod(grafana)["containers"]
    references = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    assert {name: (each["name"], each["key"]) for name, each in references.items()} == {
        "GF_SECURITY_ADMIN_PASSWORD": ("grafana-admin", "password"),
        "GF_SECURITY_SECRET_KEY": ("grafana-admin", "secret_key"),
        "GF_AUTH_GENERIC_OAUTH_CLIENT_ID": ("grafana-sso", "client_id"),
        "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET": ("grafana-sso", "client_secret"),
    }
    written = ini(SETTINGS)
    assert not [key for keys in written.values() for key in keys if "password" in key or "secret" in key]


def test_without_single_sign_on_there_is_the_admin_alone(config: dict[str, Any]) -> None:
    alone = run_program(overlay(config, {"grafana": {"enabled": True, "admin_secret_name": "grafana-admin"}}))
    (container,) = pod(alone)["containers"]
    assert {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"]} == {"grafana-admin"}
    written = ini({"enabled": True, "admin_secret_name": "grafana-admin"})
    assert dict(written["auth.generic_oauth"]) == {"enabled": "false"}
    assert written["security"]["cookie_secure"] == "false", "a port-forward is plain HTTP"


def test_nobody_gets_in_unknown_and_nothing_is_told_outside() -> None:
    written = ini(SETTINGS)
    assert written["auth.anonymous"]["enabled"] == "false"
    assert written["users"]["allow_sign_up"] == "false"
    assert written["security"]["cookie_secure"] == "true"
    assert written["unified_alerting"]["enabled"] == "false"
    assert written["analytics"]["reporting_enabled"] == written["analytics"]["check_for_updates"] == "false"
    assert written["plugins"]["preinstall_disabled"] == "true"


def test_single_sign_on_gives_a_role_or_refuses() -> None:
    oauth = ini(SETTINGS)["auth.generic_oauth"]
    assert oauth["enabled"] == oauth["use_pkce"] == oauth["role_attribute_strict"] == "true"
    assert oauth["allow_assign_grafana_admin"] == "false"
    assert all(oauth[key] == OAUTH[key] for key in ("auth_url", "token_url", "api_url"))
    assert oauth["scopes"] == "openid profile email"


def test_a_new_configuration_makes_a_new_pod(config: dict[str, Any], grafana: Program) -> None:
    def mark(of: Program) -> str:
        template = of.find("Deployment", "grafana").inputs["spec"]["template"]
        return str(template["metadata"]["annotations"]["web4.io/content"])

    other = run_program(overlay(config, {"grafana": {**SETTINGS, "root_url": "https://g.web4.io/"}}))
    assert mark(other) != mark(grafana)


def test_it_reaches_prometheus_and_is_reached_by_those_the_stack_names(grafana: Program) -> None:
    peers = {
        each.name: each.inputs["spec"].get("ingress", each.inputs["spec"].get("egress"))
        for each in grafana.of_kind("NetworkPolicy")
        if "grafana" in each.name
    }
    assert {name: [port["port"] for rule in rules for port in rule["ports"]] for name, rules in peers.items()} == {
        "grafana-to-prometheus-in": [9090],
        "grafana-to-prometheus-out": [9090],
        "grafana-clients-to-grafana-in": [3000],
        "grafana-to-sso-out": [8443],
    }
    service = grafana.find("Service", "grafana").inputs["spec"]
    assert service["type"] == "ClusterIP" and service["selector"] == {"app": "grafana"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"enabled": True}, "enabled is true, so admin_secret_name must name the Secret"),
        ({"oauth": OAUTH}, "oauth is set, so root_url must say where"),
        ({"root_url": "grafana.web4.io"}, "root_url: "),
    ],
)
def test_settings_that_leave_something_out_are_told_what(
    config: dict[str, Any], settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(pulumi.RunError, match=told):
        run_program(overlay(config, {"grafana": settings}))
