"""The alert rules: the guide's and ours, their promtool cases, and what a stack's settings change in them."""

import re
from collections import defaultdict
from typing import Any

import pulumi
import pytest
import yaml
from infra_promql import counted, metrics
from infra_recording import Program, run_program
from infra_tools import run_tool

from infra.configuration import build_settings
from infra.environments import overlay
from monitoring import METRIC_TYPES, RULE_FILES, RULE_TESTS, SLO_FILE, rule_groups, slo_file

pytestmark = [pytest.mark.infra, pytest.mark.tools]

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
    # and ours: or there is nothing to scrape at all
    "ServiceDown": (
        *('up{job="web4-identity"} == 0\nor absent(up{job="web4-identity"})', "1m", "critical"),
        "Web4 Identity Service is down",
    ),
}
SEVERITIES = {"critical", "warning", "info"}
RULES = [rule for group in rule_groups() for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})
TYPES = yaml.safe_load(METRIC_TYPES.read_text())
CASES = [case for file in RULE_TESTS.glob("*.yaml") for case in yaml.safe_load(file.read_text())["tests"]]


def type_of(metric: str) -> str:
    """A metric's type; that of the series of a histogram is `counter`."""
    base = re.sub(r"_(bucket|count|sum)$", "", metric)
    return "counter" if TYPES.get(base) == "histogram" else TYPES[metric]


def test_the_guides_alerts_are_as_it_writes_them() -> None:
    written = {
        rule["alert"]: (rule["expr"], rule["for"], rule["labels"]["severity"], rule["annotations"]["summary"])
        for rule in ALERTS
        if rule["alert"] in GUIDE
    }
    assert written == GUIDE


def test_there_are_thirty_to_fifty_alerts() -> None:
    assert 30 <= len(NAMES) <= 50


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_says_what_it_is_and_where_to_look(rule: dict[str, Any]) -> None:
    labels, annotations = rule["labels"], rule["annotations"]
    assert labels["severity"] in ({"none"} if rule["alert"] == "Watchdog" else SEVERITIES)
    assert labels["service"] and rule["for"]
    assert annotations["summary"] and annotations["description"]
    assert annotations["runbook_url"] == f"monitoring/runbooks/{rule['alert']}.md"
    assert annotations["dashboard_url"].startswith("d/web4-")
    if "threshold" in annotations:
        ends = re.findall(rf"[<>] {re.escape(annotations['threshold'])}$", rule["expr"], flags=re.MULTILINE)
        assert len(ends) == 1, "an override would not find the number"


def test_promtool_accepts_the_rules() -> None:
    run_tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES.glob("*.yaml"))


def test_promtool_sees_each_case() -> None:
    run_tool("promtool", "test", "rules", *RULE_TESTS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_has_a_case_for_each_severity_that_fires_and_a_case_that_ends_silent(name: str) -> None:
    fires, silent = set(), False
    for case in CASES:
        checks = [check for check in case.get("alert_rule_test", []) if check["alertname"] == name]
        fired = [alert["exp_labels"] for check in checks for alert in check["exp_alerts"]]
        fires |= {(labels["severity"], labels.get("window")) for labels in fired}
        silent |= bool(checks) and not fired
    mine = {(r["labels"]["severity"], r["labels"].get("window")) for r in ALERTS if r["alert"] == name}
    assert fires == mine
    assert silent or name == "Watchdog", f"{name} is never seen silent"
    assert silent


def test_every_recording_has_a_case_with_its_value() -> None:
    recorded = {(rule["record"], rule["labels"]["slo"]) for rule in RULES if "record" in rule}
    tested = set()
    for case in CASES:
        for check in case.get("promql_expr_test", []):
            for sample in check["exp_samples"]:
                found = re.fullmatch(r'(\S+)\{slo="(.+)"\}', sample["labels"])
                assert found, sample
                tested.add(found.groups())
    assert recorded == tested


def test_the_committed_slo_rules_are_what_the_objectives_make() -> None:
    assert SLO_FILE.read_text() == slo_file(), "run `make rules` and commit what it writes"


def test_each_objective_burns_in_the_four_tiers_of_the_workbook() -> None:
    tiers = defaultdict(list)
    for rule in ALERTS:
        if "slo:errors" in rule["expr"]:
            windows = re.findall(r"ratio(\w+)\{", rule["expr"])
            rate = re.search(r"> ([\d.]+) \*", rule["expr"])
            assert rate, rule["expr"]
            assert re.search(r"and slo:events:count\w+\{.*\} >= \d+$", rule["expr"]), "pages on hardly any traffic"
            tiers[rule["alert"]].append((rate[1], *windows, rule["labels"]["severity"]))
    assert len(tiers) == 4
    for found in tiers.values():
        assert found == [
            ("14.4", "1h", "5m", "critical"),
            ("6", "6h", "30m", "critical"),
            ("3", "1d", "2h", "warning"),
            ("1", "3d", "6h", "warning"),
        ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_uses_metrics_that_are_known_and_takes_the_rate_of_counters_only(rule: dict[str, Any]) -> None:
    recorded = {each["record"] for each in RULES if "record" in each}
    for metric in metrics(rule["expr"]) - recorded:
        assert type_of(metric)
    for metric in counted(rule["expr"]):
        assert type_of(metric) == "counter", f"{metric} is a gauge"


def test_no_metric_is_listed_that_nobody_uses() -> None:
    from test_infra_monitoring_runbooks import QUERIES

    used = set().union(*(metrics(text) for text in [*(rule["expr"] for rule in RULES), *QUERIES]))
    assert {re.sub(r"_(bucket|count|sum)$", "", name) if name not in TYPES else name for name in used} >= TYPES.keys()


def rules_of(program: Program) -> dict[str, dict[str, Any]]:
    """The stack's alerts by name, of several with one name the last."""
    groups = program.find("PrometheusRule", "web4").inputs["spec"]["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def test_the_rules_reach_prometheus(program: Program) -> None:
    rule = program.find("PrometheusRule", "web4")
    assert rule.inputs["spec"]["groups"] == rule_groups()
    selector = program.find("Prometheus", "web4").inputs["spec"]["ruleSelector"]["matchLabels"]
    assert selector.items() <= rule.inputs["metadata"]["labels"].items()


def test_nobody_is_called_for_what_a_stack_has_not(program: Program, config: dict[str, Any]) -> None:
    without_backup = {key: value for key, value in config.items() if key != "backup"}
    never_scanned = overlay(config, {"gate": {"enabled": False, "scan_schedule": None}})
    for stack, alert in ((without_backup, "BackupTooOld"), (never_scanned, "SecurityGateTooOld")):
        found = rules_of(run_program(stack))
        assert rules_of(program).keys() - found.keys() >= {alert} and "ServiceDown" in found


def test_a_stack_changes_single_alerts(otherwise: Program) -> None:
    found = rules_of(otherwise)
    changed = found["HighRejectionRate"]
    assert changed["expr"] == "rate(web4_identity_lct_mint_rejected_total[5m]) > 25"
    assert (changed["for"], changed["labels"]["severity"]) == ("10m", "critical")
    assert changed["annotations"]["threshold"] == "25"
    assert "> 2678400\nor absent" in found["RestoreDrillTooOld"]["expr"]
    assert found.keys() == set(NAMES) - {"MintLatencyBurn"}


@pytest.mark.parametrize(
    ("alerts", "line"),
    [
        ({"HighRejection": {"off": True}}, "HighRejection: no such alert; monitoring/runbooks has a page for each"),
        ({"ServiceDown": {"threshold": 1}}, "ServiceDown.threshold: this alert has none to set (monitoring/rules)"),
        ({"RedisDown": {"treshold": 1}}, "RedisDown.treshold: unknown key; allowed here: off, patience, severity"),
    ],
)
def test_an_override_that_changes_nothing_is_refused(config: dict[str, Any], alerts: dict[str, Any], line: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"monitoring": {"alerts": alerts}}))
    assert str(caught.value).startswith(f"web4-identity:monitoring.alerts.{line}")


def test_links_begin_where_the_stack_says(otherwise: Program) -> None:
    found = rules_of(otherwise)["RedisDown"]["annotations"]
    assert found["runbook_url"] == "https://git.web4.io/runbooks/RedisDown.md"
    assert found["dashboard_url"] == "https://grafana.web4.io/d/web4-redis"


def test_a_stack_without_a_postgres_of_its_own_has_no_alerts_about_one(config: dict[str, Any]) -> None:
    external = {"secret_name": "dsns", "key": "service"}
    change = {"database": {"app_password_file": None, "external": external}}
    without_backup = {key: value for key, value in config.items() if key != "backup"}
    found = rules_of(run_program(overlay(without_backup, change)))
    assert not [name for name in found if name.startswith(("Database", "Backup", "Wal"))]
    assert "ServiceDatabaseUnreachable" in found
