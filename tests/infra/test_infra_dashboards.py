"""Grafana's dashboards: the guide's panels, the rules of grafana's own linter, and where their links lead."""

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import yaml
from infra_dashboard_lint import RULES, data_panels, expressions
from infra_recording import Program

from dashboards import FOLDER, GOLDEN, build_all
from monitoring import RUNBOOKS, rule_groups
from monitoring.slo import SLOS

pytestmark = pytest.mark.infra

# guide, Grafana Dashboard
GUIDE = {
    "LCT Minting Rate": "rate(web4_identity_lct_minted_total[5m])",
    "Rejection Rate": "rate(web4_identity_lct_mint_rejected_total[5m])",
    "Rate Limit Hits": "rate(web4_identity_rate_limit_rejected_total[5m])",
    "Input Validation Failures": "rate(web4_identity_input_validation_rejected_total[5m])",
}
CHOSEN = '{namespace=~"$namespace", job=~"$job", instance=~"$instance"}'
RUNBOOK_URL = "https://runbooks.web4.io"
BUILT = build_all(f"{RUNBOOK_URL}/")
FILES = tuple(BUILT)
ALERTS = {rule["alert"] for group in rule_groups() for rule in group["rules"] if "alert" in rule}
EXCEPTIONS = yaml.safe_load((FOLDER / ".lint").read_text())["exclusions"]


@cache
def board(file_name: str) -> dict[str, Any]:
    """A built dashboard, which nobody may change."""
    return dict(json.loads(BUILT[file_name]))


def linked_alerts(dashboard: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    """The alert and the address of every panel's link that begins so."""
    links = [link for panel in dashboard["panels"] for link in panel.get("links", ())]
    return [(link["title"].removeprefix(prefix), link["url"]) for link in links if link["title"].startswith(prefix)]


def test_the_committed_dashboards_are_what_the_builders_build() -> None:
    committed = {path.name: path.read_text() for path in GOLDEN.glob("*.json")}
    assert committed == build_all(), "run `make dashboards` and commit what it writes"


def test_the_guides_panels_come_first_with_its_titles_and_queries() -> None:
    first = board("web4-identity.json")["panels"][: len(GUIDE)]
    queries = {panel["title"]: panel["targets"][0]["expr"] for panel in first}
    assert {
        title: expr.replace(CHOSEN, "").replace("$__rate_interval", "5m") for title, expr in queries.items()
    } == GUIDE
    # Grafana: $__rate_interval is the larger of four steps and one step more than the graph's; four of 75 s are 5 min.
    assert {panel["targets"][0]["interval"] for panel in first} == {"75s"}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("file_name", FILES)
def test_the_linter_has_nothing_against_it_but_what_is_excepted(file_name: str, rule: str) -> None:
    dashboard = board(file_name)
    excepted = {
        entry["panel"]
        for entry in EXCEPTIONS.get(rule, {}).get("entries", ())
        if entry["dashboard"] == dashboard["title"]
    }
    found = list(RULES[rule](dashboard))
    assert [each for each in found if each.panel not in excepted] == []
    assert excepted <= {each.panel for each in found}, "an exception that is not needed"


def first_variable(dashboard: dict[str, Any], kind: str = "query", name: str = "") -> dict[str, Any]:
    return next(each for each in dashboard["templating"]["list"] if each["type"] == kind and name in each["name"])


def asks(expr: str) -> Callable[[dict[str, Any]], None]:
    return lambda dashboard: dashboard["panels"][0]["targets"][0].update(expr=expr)


OWN = 'job=~"$job", instance=~"$instance"'
FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], ...]] = {
    "template-datasource-rule": (
        lambda dashboard: first_variable(dashboard, "datasource").update(name="prometheus"),
        lambda dashboard: dashboard["templating"]["list"].pop(0),
    ),
    "template-job-rule": (lambda dashboard: first_variable(dashboard, name="job").update(multi=False),),
    "template-instance-rule": (
        lambda dashboard: first_variable(dashboard, name="instance").update(allValue=".*"),
        lambda dashboard: dashboard["templating"]["list"].pop(3),
    ),
    "template-label-promql-rule": (
        lambda dashboard: first_variable(dashboard)["query"].update(query="label_values(up{, job)"),
        lambda dashboard: first_variable(dashboard)["query"].update(query="values(up, job)"),
    ),
    "template-on-time-change-reload-rule": (lambda dashboard: first_variable(dashboard).update(refresh=1),),
    "panel-datasource-rule": (lambda dashboard: dashboard["panels"][0]["datasource"].update(uid="prometheus"),),
    "panel-title-description-rule": (lambda dashboard: dashboard["panels"][0].update(description=""),),
    "panel-units-rule": (lambda dashboard: dashboard["panels"][0]["fieldConfig"]["defaults"].update(unit="mints"),),
    "panel-no-targets-rule": (lambda dashboard: dashboard["panels"][0].update(targets=[]),),
    "target-logql-rule": (
        lambda dashboard: dashboard["panels"][0]["targets"][0].update(datasource={"type": "loki", "uid": "loki"}),
    ),
    "target-promql-rule": (asks("rate(up["),),
    "target-rate-interval-rule": (asks(f"rate(x{{{OWN}}}[5m])"), asks(f"changes(x{{{OWN}}}[$__rate_interval])")),
    "target-job-rule": (asks('up{instance=~"$instance"}'), asks(f'up{{{OWN}}} / up{{job="x", instance=~"$instance"}}')),
    "target-instance-rule": (asks('sum(rate(x{job=~"$job"}[$__rate_interval]))'),),
    "target-counter-agg-rule": (asks(f"sum(x_total{{{OWN}}})"), asks(f"delta(x_total{{{OWN}}}[$__range])")),
    "uneditable-dashboard": (lambda dashboard: dashboard.update(editable=True),),
}
FAULTS["target-logql-auto-rule"] = FAULTS["target-logql-rule"]


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_finds_what_it_is_for(rule: str) -> None:
    for spoil in FAULTS[rule]:
        spoiled = copy.deepcopy(board("web4-redis.json"))
        assert list(RULES[rule](spoiled)) == []
        spoil(spoiled)
        assert list(RULES[rule](spoiled))


def test_every_exception_is_of_a_rule_and_a_dashboard_that_exist() -> None:
    titles = {board(file_name)["title"] for file_name in FILES}
    assert EXCEPTIONS.keys() <= RULES.keys() and len(RULES) == 17
    assert {entry["dashboard"] for each in EXCEPTIONS.values() for entry in each["entries"]} <= titles
    assert all(each["reason"] for each in EXCEPTIONS.values())


@pytest.mark.parametrize("file_name", FILES)
def test_a_dashboard_can_be_provisioned_and_imported(file_name: str) -> None:
    dashboard = board(file_name)
    assert f"{dashboard['uid']}.json" == file_name and len(dashboard["uid"]) <= 40
    assert "elements" not in dashboard, "the v2 model, which provisioning rejects"
    assert not {"id", "__inputs", "__requires"} & dashboard.keys(), "belongs to one Grafana, or asks at import"
    names = [each["name"] for each in dashboard["templating"]["list"]]
    assert names[:4] == ["datasource", "namespace", "job", "instance"]
    assert "web4-identity" in dashboard["tags"]


@pytest.mark.parametrize("file_name", FILES)
def test_no_two_panels_share_a_place_a_number_or_a_title(file_name: str) -> None:
    panels = board(file_name)["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)


@pytest.mark.parametrize("file_name", FILES)
def test_a_number_has_thresholds_of_its_own(file_name: str) -> None:
    for panel in data_panels(board(file_name)):
        if panel["type"] == "stat":
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], panel["title"]


def test_every_alert_is_shown_by_a_panel_that_links_to_it_and_to_its_runbook() -> None:
    shown: set[str] = set()
    for file_name in FILES:
        dashboard = board(file_name)
        alerts = linked_alerts(dashboard, "Alert ")
        assert alerts == [
            (name, f"/d/web4-alerting?var-alert={name}&${{datasource:queryparam}}&${{__url_time_range}}")
            for name, _ in alerts
        ]
        pages = linked_alerts(dashboard, "Runbook ")
        assert pages == [(name, f"{RUNBOOK_URL}/{name}.md") for name, _ in alerts]
        shown |= {name for name, _ in alerts}
    assert shown == ALERTS
    assert {name for name in shown if not (RUNBOOKS / f"{name}.md").is_file()} == set()


def test_what_the_links_ask_for_is_a_variable_there() -> None:
    names = {each["name"] for each in board("web4-alerting.json")["templating"]["list"]}
    assert {"datasource", "alert"} <= names


def test_every_objective_has_its_panels_and_every_recorded_series_in_them_exists() -> None:
    recorded = {rule["record"] for group in rule_groups() for rule in group["rules"] if "record" in rule}
    dashboard = board("web4-slo.json")
    for slo in SLOS:
        own = [expr for _, expr in expressions(dashboard) if f'slo="{slo.name}"' in expr]
        assert len(own) == 6, slo.name  # what was good, how much there was, and four windows
        assert all(any(f"{name}{{" in expr for name in recorded) for expr in own), own


def test_each_dashboard_is_a_config_map_that_a_sidecar_finds_too(program: Program) -> None:
    config_maps = [each for each in program.of_kind("ConfigMap") if each.name.startswith("dashboard-")]
    assert all(each.inputs["metadata"]["labels"]["grafana_dashboard"] == "1" for each in config_maps)
    assert {key: text for each in config_maps for key, text in each.inputs["data"].items()} == build_all()
    assert len(config_maps) == len(FILES)
