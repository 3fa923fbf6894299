"""The rules of a stack: those of monitoring/rules, with what its settings change and with links that open."""

import re
from collections.abc import Iterator
from typing import Any

from infra.settings import AlertOverride, MonitoringSettings, Settings
from monitoring import rule_groups


def stack_rules(settings: Settings) -> list[dict[str, Any]]:
    """The rule groups of a stack, in the form of a PrometheusRule."""
    absent = set(_absent_groups(settings))
    groups = [group for group in rule_groups() if group["name"] not in absent]
    return [{**group, "rules": list(_rules(group["rules"], settings.monitoring))} for group in groups]


def _absent_groups(settings: Settings) -> Iterator[str]:
    """The groups about what the stack has not, which would call for it all the time."""
    if settings.database.external:
        yield "web4_database"
    if not settings.backup:
        yield "web4_backup"
    if not settings.gate.scan_schedule:
        yield "web4_security_gate"


def wrong_overrides(settings: Settings) -> Iterator[str]:
    """One `key: reason` for each override that changes nothing."""
    if not settings.monitoring.alerts:
        return
    known: dict[str, list[dict[str, Any]]] = {}
    for rule in (rule for group in rule_groups() for rule in group["rules"] if "alert" in rule):
        known.setdefault(rule["alert"], []).append(rule)
    for name, override in settings.monitoring.alerts.items():
        key = f"monitoring.alerts.{name}"
        if name not in known:
            yield f"{key}: no such alert; monitoring/runbooks has a page for each"
        elif override.threshold is not None and (
            len(known[name]) > 1 or "threshold" not in known[name][0]["annotations"]
        ):
            yield f"{key}.threshold: this alert has none to set (monitoring/rules)"


def _rules(rules: list[dict[str, Any]], monitoring: MonitoringSettings) -> Iterator[dict[str, Any]]:
    for rule in rules:
        override = monitoring.alerts.get(rule.get("alert", ""), AlertOverride())
        if "record" in rule:
            yield rule
        elif not override.off:
            yield _linked(_changed(rule, override), monitoring)


def _changed(rule: dict[str, Any], override: AlertOverride) -> dict[str, Any]:
    changed = {**rule, "labels": {**rule["labels"]}, "annotations": {**rule["annotations"]}}
    if override.patience:
        changed["for"] = override.patience
    if override.severity:
        changed["labels"]["severity"] = override.severity
    if override.threshold is not None:
        old, new = rule["annotations"]["threshold"], f"{override.threshold:.15g}"
        # At the end of a line, after its comparison: a test says that each threshold stands there, and there only.
        changed["expr"] = re.sub(rf"([<>]) {re.escape(old)}$", rf"\1 {new}", rule["expr"], flags=re.MULTILINE)
        changed["annotations"]["threshold"] = new
    return changed


def _linked(rule: dict[str, Any], monitoring: MonitoringSettings) -> dict[str, Any]:
    links = {}
    if monitoring.runbook_url:
        links["runbook_url"] = f"{str(monitoring.runbook_url).rstrip('/')}/{rule['alert']}.md"
    if monitoring.grafana_url:
        links["dashboard_url"] = f"{str(monitoring.grafana_url).rstrip('/')}/{rule['annotations']['dashboard_url']}"
    return {**rule, "annotations": {**rule["annotations"], **links}}
