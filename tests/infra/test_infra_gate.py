"""The security gate before a version serves, and the weekly scan of the one that does."""

from typing import Any

import pulumi
import pytest
from infra_recording import Program, run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

GATE, SCAN = "web4-identity-gate", "web4-identity-scan"
OPTIONS = {"edge": {"public_authorities": ["id.web4.io"]}, "identity": {"rate_limit_per_ip": 30}}


@pytest.fixture(scope="module")
def changed(config: dict[str, Any]) -> Program:
    return run_program(overlay(config, OPTIONS))


def gate_pod(program: Program) -> dict[str, Any]:
    return dict(program.job(GATE).inputs["spec"]["template"]["spec"])


def scan_pod(program: Program) -> dict[str, Any]:
    return dict(program.find("CronJob", SCAN).inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"])


def container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in (*pod["containers"], *pod["initContainers"]) if each["name"] == name]
    return dict(found)


def variables(of: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") or each["valueFrom"] for each in of["env"]}


def options(of: dict[str, Any]) -> dict[str, str]:
    words = [word for word in of["command"][2:] if word != "--scratch"]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_no_schema_changes_and_no_pod_serves_before_the_gate_is_passed(program: Program) -> None:
    gate = program.job(GATE)
    for later in (program.job("web4-identity-migrate"), program.find("Deployment", "web4-identity")):
        assert gate.urn in program.waits_for(later)
    for earlier in (program.find("Cluster", "web4-identity-db"), program.find("Deployment", "redis")):
        assert earlier.urn in program.waits_for(gate)


def test_what_is_attacked_is_what_will_serve(program: Program) -> None:
    attacked = dict(container(gate_pod(program), "identity-service"))  # a copy: other tests have the same program
    (serving,) = program.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    assert attacked.pop("restartPolicy") == "Always"
    ours, theirs = variables(attacked), variables(serving)
    different = {name: value for name, value in ours.items() if theirs.get(name) != value}
    assert different == {"DATABASE_SCHEMA": "web4_security_gate", "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "1000"}
    assert {key: value for key, value in attacked.items() if key != "env"} == {
        key: value for key, value in serving.items() if key != "env"
    }


def test_the_pod_under_attack_gets_no_traffic(program: Program) -> None:
    labels = program.job(GATE).inputs["spec"]["template"]["metadata"]["labels"]
    selectors = [each.inputs["spec"].get("selector") for each in program.of_kind("Service")]
    assert {"app": "web4-identity"} in selectors
    assert not [each for each in selectors if each and each.items() <= labels.items()]


def test_one_attack_that_gets_through_ends_it(program: Program) -> None:
    spec = program.job(GATE).inputs["spec"]
    assert spec["backoffLimit"] == 0 and spec["template"]["spec"]["restartPolicy"] == "Never"
    most = int(options(container(gate_pod(program), "attack"))["--max-seconds"])
    assert most < spec["activeDeadlineSeconds"]


def test_it_runs_again_for_another_version_and_another_setting_only(
    program: Program, again: Program, config: dict[str, Any]
) -> None:
    gate, same = program.job(GATE), again.job(GATE)
    assert gate.name == same.name and gate.urn == same.urn
    for change in ({"images": {"identity": "web4-identity:next"}}, {"identity": {"min_witness_actions": 5}}):
        other = run_program(overlay(config, change)).job(GATE)
        # Another resource: the one that passed is not replaced, but goes when the other has passed too.
        assert gate.name != other.name and gate.urn != other.urn
    assert run_program(overlay(config, {"identity": {"replicas": 3}})).job(GATE).name == gate.name


def test_a_gate_that_failed_is_tried_again(program: Program) -> None:
    assert program.job(GATE).inputs["metadata"]["annotations"]["pulumi.com/replaceUnready"] == "true"


def test_the_attacks_know_the_services_name_and_limits(changed: Program) -> None:
    attack, prepare = (container(gate_pod(changed), name) for name in ("attack", "prepare"))
    assert options(attack)["--url"] == "http://127.0.0.1:8001"
    assert options(attack)["--authority"] == "id.web4.io"
    assert (options(attack)["--rate-limit"], options(attack)["--rate-window"]) == ("30", "60")
    assert options(attack)["--caller-key"] == options(prepare)["--caller-key"]
    assert options(attack)["--society"] == options(prepare)["--society"]
    dsn = variables(prepare)["DATABASE_URL"]["secretKeyRef"]
    assert dsn == {"name": "web4-identity-db-app", "key": "uri"}, "a role that may make a schema"


def test_the_scan_attacks_the_serving_pods_through_the_edge_and_tells_the_pushgateway(changed: Program) -> None:
    pod = scan_pod(changed)
    attack, prepare = container(pod, "attack"), container(pod, "prepare")
    assert options(attack)["--url"] == "https://web4-edge"
    assert options(attack)["--authority"] == "id.web4.io"
    assert options(attack)["--push-gateway"] == "http://web4-pushgateway:9091"
    assert options(attack)["--society"] == options(prepare)["--society"] == "$(POD_NAME)"
    assert variables(attack)["POD_NAME"] == variables(prepare)["POD_NAME"]
    assert "--scratch" not in prepare["command"]
    assert variables(prepare)["DATABASE_URL"].startswith("postgresql://web4_identity_app@")
    (secret,) = [each["secret"] for each in pod["volumes"] if each["name"] == "edge-certificate"]
    assert [item["key"] for item in secret["items"]] == ["tls.crt"], "not the key"


def test_both_can_be_switched_off(config: dict[str, Any]) -> None:
    off = run_program(overlay(config, {"gate": {"enabled": False, "scan_schedule": None}}))
    assert [each.name for each in off.of_kind("Job")] == [off.job("web4-identity-migrate").name]
    assert SCAN not in {each.name for each in off.of_kind("CronJob")}


def test_the_scan_runs_weekly(program: Program) -> None:
    spec = program.find("CronJob", SCAN).inputs["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("23 4 * * 0", "Etc/UTC", "Forbid")


@pytest.mark.parametrize("name", ["max_identifier_length", "max_witness_count", "max_witness_id_length"])
def test_a_limit_above_what_the_attacks_try_is_refused_beforehand(config: dict[str, Any], name: str) -> None:
    most = {"max_identifier_length": 512, "max_witness_count": 10, "max_witness_id_length": 256}[name]
    build_settings(overlay(config, {"identity": {name: most}}))
    higher = overlay(config, {"identity": {name: most + 1}})
    with pytest.raises(pulumi.RunError, match=rf"web4-identity:identity\.{name}: {most + 1}, and the security gate"):
        build_settings(higher)
    build_settings(overlay(higher, {"gate": {"enabled": False, "scan_schedule": None}}))


def test_a_schedule_has_five_fields(config: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError, match=r"web4-identity:gate\.scan_schedule: "):
        build_settings(overlay(config, {"gate": {"scan_schedule": "weekly"}}))
