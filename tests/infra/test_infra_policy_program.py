"""The policy pack on what the program registers, in each environment."""

import json
from pathlib import Path

import pytest
import yaml
from infra_policies import objects, refused, violations
from infra_recording import ROOT, Program, run_program

from infra.environments import overlay
from infra.policy import exceptions
from infra.policy.exceptions import WAIVERS, Waiver
from infra.policy.kubernetes import subject
from infra.policy.rules import RULES
from infra.settings import ImageSettings

pytestmark = pytest.mark.infra

RELAXED = json.loads((ROOT / "infra" / "policy" / "relaxed.json").read_text())
DIGEST = "@sha256:" + "0123456789abcdef" * 4
EDITED = {
    "images": {name: f"registry.web4.io/{name}{DIGEST}" for name in ImageSettings.model_fields},
    "edge": {"server_name": "identity.web4.io"},
    "monitoring": {
        "pager": {"kind": "pagerduty", "secret_name": "web4-pager"},
        "heartbeat": {"secret_name": "web4-heartbeat"},
        "runbook_url": "https://git.web4.io/web4-identity/monitoring/runbooks",
    },
}
"""What a committed example lacks until it is edited."""

STAND_INS = {("Deployment", "cnpg-system"), ("Deployment", "monitoring-system")}


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_an_edited_example_breaks_no_rule(environment: str, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("")
    keys = yaml.safe_load((ROOT / f"Pulumi.{environment}.yaml").read_text())["config"]
    values = {key.removeprefix("web4-identity:"): value for key, value in keys.items()}
    values = overlay(overlay(values, EDITED), {"cluster": {"kubeconfig": str(tmp_path / "kubeconfig")}})
    assert not refused(objects(run_program(values)))


def test_the_local_stack_breaks_only_what_is_relaxed_there(program: Program) -> None:
    """Its operators' pods are stand-ins here (tests/infra/manifests): `make up` asks the pack about the real ones."""
    real = [each for each in objects(program) if (each["kind"], each["metadata"].get("namespace")) not in STAND_INS]
    assert refused(real).keys() <= RELAXED.keys()


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: f"{waiver.rule} {waiver.subject}")
def test_each_exception_is_needed(waiver: Waiver, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the rule refuses that one object of stack local, which installs the operators."""
    monkeypatch.setattr(exceptions, "WAIVERS", tuple(each for each in WAIVERS if each != waiver))
    rule = next(rule for rule in RULES if rule.name == waiver.rule)
    manifests = objects(program)
    assert waiver.subject in {subject(each) for each in manifests}
    (report,) = violations(rule, manifests)
    assert report.startswith(waiver.subject)
    assert waiver.reason
