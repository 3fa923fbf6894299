"""Where each alert goes: Alertmanager's routes, receivers and inhibitions, as its own tool reads them."""

import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from infra_recording import is_secret, run_program
from infra_tools import run_tool

from infra.alertmanager_conf import render_alertmanager_conf
from infra.configuration import build_settings
from infra.environments import overlay
from infra.settings import MonitoringSettings
from monitoring import alertmanager_config, rule_groups

pytestmark = [pytest.mark.infra, pytest.mark.tools]

EMAIL = {"to": "ops@web4.io", "sender": "alerts@web4.io", "host": "mail.web4.io", "username": "alerts"}
EVERYBODY = {
    "pager": {"kind": "pagerduty", "secret_name": "on-call"},
    "tickets": {"kind": "email", "secret_name": "mail", "port": 587, "email": EMAIL},
    "chat": {"kind": "slack", "secret_name": "chat"},
    "heartbeat": {"secret_name": "switch", "seconds": 120},
}
ALERTS = [rule for group in rule_groups() for rule in group["rules"] if "alert" in rule]
RECEIVER = {"critical": "pager", "warning": "tickets", "info": "chat", "none": "heartbeat"}
FOLDER = "/etc/alertmanager/secrets"


def rendered(**receivers: object) -> dict[str, Any]:
    return dict(yaml.safe_load(render_alertmanager_conf(MonitoringSettings.model_validate(receivers))))


@pytest.fixture(scope="module")
def conf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yaml"
    file.write_text(render_alertmanager_conf(MonitoringSettings.model_validate(EVERYBODY)))
    return file


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_reaches_who_its_severity_is_for(conf_file: Path, rule: dict[str, Any]) -> None:
    labels = {"alertname": rule["alert"], **rule["labels"]}
    words = [f"{name}={value}" for name, value in labels.items()]
    found = run_tool("amtool", "config", "routes", "test", f"--config.file={conf_file}", *words)
    assert found.split() == [RECEIVER[rule["labels"]["severity"]]]


@pytest.mark.parametrize("receivers", [{}, EVERYBODY], ids=["nobody", "everybody"])
def test_amtool_accepts_the_configuration(tmp_path: Path, receivers: dict[str, Any]) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(rendered(**receivers)))
    run_tool("amtool", "check-config", file)


def test_without_settings_nobody_is_called() -> None:
    assert rendered()["receivers"] == [{"name": name} for name in ("pager", "tickets", "chat", "heartbeat")]


@pytest.mark.parametrize(
    ("settings", "kind", "key", "file"),
    [
        ({"kind": "webhook"}, "webhook_configs", "url_file", "url"),
        ({"kind": "pagerduty"}, "pagerduty_configs", "routing_key_file", "routing_key"),
        ({"kind": "opsgenie"}, "opsgenie_configs", "api_key_file", "api_key"),
        ({"kind": "slack"}, "slack_configs", "api_url_file", "url"),
        ({"kind": "email", "email": EMAIL, "port": 587}, "email_configs", "auth_password_file", "password"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_receivers_key_stays_in_its_secret(
    tmp_path: Path, settings: dict[str, Any], kind: str, key: str, file: str
) -> None:
    conf = rendered(pager={**settings, "secret_name": "on-call"})
    (pager,) = [each for each in conf["receivers"] if each["name"] == "pager"]
    assert pager.keys() == {"name", kind}
    assert pager[kind][0][key] == f"{FOLDER}/on-call/{file}"
    written = tmp_path / "alertmanager.yaml"
    written.write_text(yaml.safe_dump(conf))
    run_tool("amtool", "check-config", written)


@pytest.mark.parametrize("kind", ["pagerduty", "opsgenie", "slack"])
def test_who_is_called_is_told_where_the_runbook_is(kind: str) -> None:
    assert "runbook_url" in str(rendered(pager={"kind": kind, "secret_name": "on-call"}))


def test_the_heart_beats_at_least_every_five_minutes_and_misses_no_beat() -> None:
    for seconds in (30, 120, 300):
        (route,) = [
            each
            for each in rendered(heartbeat={"secret_name": "switch", "seconds": seconds})["route"]["routes"]
            if each["receiver"] == "heartbeat"
        ]
        assert route["matchers"] == ['alertname="Watchdog"']
        assert route["group_interval"] == f"{seconds}s"
        assert int(route["repeat_interval"].removesuffix("s")) < seconds <= 300


def test_an_inhibition_names_alerts_that_there_are() -> None:
    names = {rule["alert"] for rule in ALERTS}
    named = re.findall(r'alertname=~?"([^"]+)"', str(alertmanager_config()["inhibit_rules"]))
    assert set("|".join(named).split("|")) <= names
    sources = [
        re.findall(r'alertname="(\w+)"', str(rule["source_matchers"]))
        for rule in alertmanager_config()["inhibit_rules"]
    ]
    assert sources[2:5] == [["ServiceDown"], ["DatabaseDown"], ["ServiceDatabaseUnreachable"]]


def test_the_receivers_secrets_reach_alertmanager_and_no_key_is_in_its_configuration(config: dict[str, Any]) -> None:
    program = run_program(overlay(config, {"monitoring": EVERYBODY}))
    spec = program.find("Alertmanager", "web4").inputs["spec"]
    assert spec["secrets"] == ["chat", "mail", "on-call", "switch"]
    assert spec["configSecret"] == "web4-alertmanager-config"
    assert is_secret(program.find("Secret", "web4-alertmanager-config").inputs["stringData"])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"pager": {"kind": "webhook", "secret_name": "on-call"}, "alertmanager_version": "0.25.0"},
            "monitoring: pager needs Alertmanager 0.26.0 or newer, alertmanager_version is 0.25.0",
        ),
        (
            {"tickets": {"kind": "email", "secret_name": "mail"}},
            "monitoring.tickets: kind email needs email (to, sender, host, username), and the other kinds have none",
        ),
        (
            {"heartbeat": {"secret_name": "switch", "seconds": 600}},
            "monitoring.heartbeat.seconds: Input should be less than or equal to 300",
        ),
    ],
)
def test_a_receiver_that_cannot_work_is_refused(config: dict[str, Any], change: dict[str, Any], line: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"monitoring": change}))
    assert str(caught.value) == f"web4-identity:{line}"
