"""Alertmanager's configuration: the routes of monitoring/alertmanager, and whom a stack's settings name."""

from typing import Any

import yaml

from infra.settings import HeartbeatSettings, MonitoringSettings, ReceiverSettings
from monitoring import alertmanager_config

SECRETS_FOLDER = "/etc/alertmanager/secrets"
"""Where the operator mounts the Secrets that the Alertmanager resource lists, each in a folder of its name."""

_SUMMARY = "{{ .CommonAnnotations.summary }}"
_TEXT = (
    "{{ range .Alerts }}{{ .Annotations.description }}\n"
    "Runbook: {{ .Annotations.runbook_url }}\nDashboard: {{ .Annotations.dashboard_url }}\n{{ end }}"
)


def render_alertmanager_conf(monitoring: MonitoringSettings) -> str:
    """The whole alertmanager.yaml. Addresses and keys stay in their Secrets, which Alertmanager reads at each call."""
    conf = alertmanager_config()
    for receiver in conf["receivers"]:
        settings = monitoring.receivers.get(receiver["name"])
        if isinstance(settings, HeartbeatSettings):
            receiver["webhook_configs"] = [{"url_file": _file(settings, "url"), "send_resolved": False}]
            _beat(conf["route"]["routes"], settings.seconds)
        elif settings:
            receiver.update(_CONFIGS[settings.kind](settings))
    return yaml.safe_dump(conf, sort_keys=False)


def _beat(routes: list[dict[str, Any]], seconds: int) -> None:
    (route,) = [route for route in routes if route["receiver"] == "heartbeat"]
    # Shorter than the interval, or every second beat would be skipped for being a moment early.
    route |= {"group_interval": f"{seconds}s", "repeat_interval": f"{seconds - 10}s"}


def _file(receiver: ReceiverSettings | HeartbeatSettings, key: str) -> str:
    return f"{SECRETS_FOLDER}/{receiver.secret_name}/{key}"


def _pagerduty(receiver: ReceiverSettings) -> dict[str, Any]:
    links = [
        {"href": "{{ .CommonAnnotations.runbook_url }}", "text": "Runbook"},
        {"href": "{{ .CommonAnnotations.dashboard_url }}", "text": "Dashboard"},
    ]
    config = {
        "routing_key_file": _file(receiver, "routing_key"),
        "description": _SUMMARY,
        "severity": "{{ .CommonLabels.severity }}",
        "links": links,
    }
    return {"pagerduty_configs": [config]}


def _opsgenie(receiver: ReceiverSettings) -> dict[str, Any]:
    config = {
        "api_key_file": _file(receiver, "api_key"),
        "message": _SUMMARY,
        "description": _TEXT,
        "priority": '{{ if eq .CommonLabels.severity "critical" }}P1{{ else }}P3{{ end }}',
    }
    return {"opsgenie_configs": [config]}


def _slack(receiver: ReceiverSettings) -> dict[str, Any]:
    config = {"api_url_file": _file(receiver, "url"), "send_resolved": True, "title": _SUMMARY, "text": _TEXT}
    return {"slack_configs": [config]}


def _email(receiver: ReceiverSettings) -> dict[str, Any]:
    mail = receiver.email
    assert mail is not None, "the settings let an email receiver without addresses through"
    config = {
        "to": mail.to,
        "from": mail.sender,
        "smarthost": f"{mail.host}:{receiver.port}",
        "auth_username": mail.username,
        "auth_password_file": _file(receiver, "password"),
        "require_tls": True,
        "send_resolved": True,
        "headers": {"Subject": f"[{{{{ .Status }}}}] {_SUMMARY}"},
    }
    return {"email_configs": [config]}


def _webhook(receiver: ReceiverSettings) -> dict[str, Any]:
    return {"webhook_configs": [{"url_file": _file(receiver, "url")}]}


_CONFIGS = {
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "slack": _slack,
    "email": _email,
    "webhook": _webhook,
}
