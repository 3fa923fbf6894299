"""Grafana's dashboards."""

import json

import pytest

from dashboards import GOLDEN, build_all

pytestmark = pytest.mark.infra

# guide, Grafana Dashboard
GUIDE = {
    "LCT Minting Rate": "rate(web4_identity_lct_minted_total[5m])",
    "Rejection Rate": "rate(web4_identity_lct_mint_rejected_total[5m])",
    "Rate Limit Hits": "rate(web4_identity_rate_limit_rejected_total[5m])",
    "Input Validation Failures": "rate(web4_identity_input_validation_rejected_total[5m])",
}


def test_the_committed_dashboards_are_what_the_builders_build():
    committed = {path.name: path.read_text() for path in GOLDEN.glob("*.json")}
    assert committed == build_all(), "run `make dashboards` and commit what it writes"


def test_the_guides_panels_have_its_titles_and_queries():
    panels = json.loads(build_all()["web4-identity.json"])["panels"]
    assert {panel["title"]: panel["targets"][0]["expr"] for panel in panels} == GUIDE


@pytest.mark.parametrize("file_name", build_all())
def test_a_dashboard_can_be_provisioned_and_read(file_name):
    dashboard = json.loads(build_all()[file_name])
    assert f"{dashboard['uid']}.json" == file_name
    assert dashboard["editable"] is False
    assert "elements" not in dashboard, "the v2 model, which provisioning rejects"
    assert [each["type"] for each in dashboard["templating"]["list"]] == ["datasource"]
    for panel in dashboard["panels"]:
        assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places), "panels on top of each other"
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)


def test_grafanas_sidecar_finds_them(program):
    (config_map,) = [each for each in program.of_kind("ConfigMap") if each.name.startswith("dashboard-")]
    assert config_map.inputs["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config_map.inputs["data"] == build_all()
