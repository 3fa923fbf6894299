"""The policy pack: each rule on an object that it refuses and one that it lets pass."""

import json
from typing import Any

import pytest
import yaml
from infra_policies import violations
from infra_recording import ROOT
from pulumi_policy import Policy, ResourceValidationPolicy

from infra.policy.kubernetes import POD_PATHS, pod
from infra.policy.rules import RULES

pytestmark = pytest.mark.infra

PACK = ROOT / "infra" / "policy"
EXAMPLES = {path.stem: yaml.safe_load(path.read_text()) for path in (PACK / "examples").glob("*.yaml")}
BY_NAME = {rule.name: rule for rule in RULES}
CHECKLIST = {
    "Test Mode Disabled",
    "Rate Limiting Configured",
    "Input Validation Active",
    "HTTPS Only",
    "Firewall Rules",
    "Monitoring Enabled",
    "Alerts Configured",
    "Backup Procedures",
    "Access Logs",
    "Security Validation",
}
"""The guide's, Pre-Production Checklist."""

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def of_pods(name: str) -> bool:
    """Whether a rule's examples are pods."""
    return all(each["kind"] == "Pod" for examples in EXAMPLES[name].values() for each in examples)


def of_containers(name: str) -> bool:
    """Whether a rule's examples differ in their containers."""
    (bad,), (good,) = EXAMPLES[name]["fails"], EXAMPLES[name]["passes"]
    return bool(bad["spec"]["containers"] != good["spec"]["containers"])


POD_RULES = sorted(name for name in EXAMPLES if of_pods(name))
CONTAINER_RULES = [name for name in POD_RULES if of_containers(name)]


def made_by(kind: str, example: dict[str, Any]) -> dict[str, Any]:
    """An object of `kind` that makes the example's pod."""
    inner = {"metadata": example["metadata"], "spec": example["spec"]}
    for key in reversed(POD_PATHS[kind]):
        inner = {key: inner}
    return {"apiVersion": "v1", "kind": kind, "metadata": example["metadata"], **inner}


def test_every_rule_has_an_example_that_fails_and_one_that_passes() -> None:
    assert sorted(EXAMPLES) == sorted(rule.name for rule in RULES)
    for name, examples in EXAMPLES.items():
        assert sorted(examples) == ["fails", "passes"], name
        if isinstance(BY_NAME[name], ResourceValidationPolicy):
            assert [len(each) for each in examples.values()] == [1, 1], name
        else:
            changed = [
                (one, other) for one, other in zip(examples["fails"], examples["passes"], strict=True) if one != other
            ]
            assert len(changed) == 1, f"{name}: the two differ in more than one object"


@each_rule
def test_the_rule_refuses_its_bad_example_and_says_where(rule: Policy) -> None:
    found = violations(rule, EXAMPLES[rule.name]["fails"])
    assert len(found) == 1, found


@each_rule
def test_the_rule_lets_its_good_example_pass(rule: Policy) -> None:
    assert violations(rule, EXAMPLES[rule.name]["passes"]) == []


@each_rule
def test_the_rule_says_what_to_do(rule: Policy) -> None:
    assert rule.description.endswith(".")
    assert "\n" not in rule.description


@pytest.mark.parametrize("kind", POD_PATHS)
@pytest.mark.parametrize("name", POD_RULES)
def test_a_rule_about_pods_sees_those_of_every_kind(name: str, kind: str) -> None:
    (bad,), (good,) = EXAMPLES[name]["fails"], EXAMPLES[name]["passes"]
    assert len(violations(BY_NAME[name], [made_by(kind, bad)])) == 1
    assert violations(BY_NAME[name], [made_by(kind, good)]) == []


@pytest.mark.parametrize("container", ["initContainers", "ephemeralContainers"])
@pytest.mark.parametrize("name", CONTAINER_RULES)
def test_a_rule_about_containers_sees_those_of_every_kind(name: str, container: str) -> None:
    (bad,), (good,) = EXAMPLES[name]["fails"], EXAMPLES[name]["passes"]
    spec = {**good["spec"], container: bad["spec"]["containers"]}
    assert len(violations(BY_NAME[name], [{**good, "spec": spec}])) == 1


def test_the_kinds_that_make_pods_are_all_there() -> None:
    assert {"Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"} <= POD_PATHS.keys()
    assert pod({"kind": "Service"}) is None


def test_every_item_of_the_guides_checklist_has_its_rule() -> None:
    told = " ".join(rule.description for rule in RULES)
    assert [item for item in CHECKLIST if f"Checklist: {item}." not in told] == []


def test_what_is_relaxed_are_rules_that_there_are() -> None:
    relaxed = json.loads((PACK / "relaxed.json").read_text())
    assert relaxed.keys() <= BY_NAME.keys()
    assert set(relaxed.values()) <= {"advisory", "disabled"}
    assert [name for name in relaxed if name.startswith("restricted-")] == []
