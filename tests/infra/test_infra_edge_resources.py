"""What surrounds the edge's nginx in the cluster."""

from pathlib import Path
from typing import Any

import pytest
from infra_recording import Program, run_program

from infra.environments import overlay

pytestmark = pytest.mark.infra


def test_the_clients_address_survives_the_way_in(program: Program) -> None:
    spec = program.find("Service", "web4-edge").inputs["spec"]
    assert spec["externalTrafficPolicy"] == "Local"
    assert spec["type"] == "NodePort"
    assert spec["ports"] == [{"name": "https", "port": 443, "targetPort": 8443, "nodePort": 30443}]


def test_a_change_of_the_configuration_makes_new_pods_and_one_of_the_certificate_does_not(
    program: Program, config: dict[str, Any], tmp_path: Path
) -> None:
    def mark(of: Program) -> str:
        template = of.find("Deployment", "web4-edge").inputs["spec"]["template"]
        return str(template["metadata"]["annotations"]["web4.io/content"])

    renewed = tmp_path / "renewed.crt"
    renewed.write_text("-----BEGIN CERTIFICATE-----\nrenewed\n")
    other_limit = run_program(overlay(config, {"edge": {"rate_limit": {"burst": 5}}}))
    other_certificate = run_program(overlay(config, {"edge": {"tls": {"certificate_file": str(renewed)}}}))
    assert mark(program) != mark(other_limit)
    assert mark(program) == mark(other_certificate)


def test_the_certificate_is_mounted_so_that_the_kubelet_renews_it(program: Program) -> None:
    """A file mounted by itself (subPath) stays as it was; the script looks for the whole folder's link."""
    spec = program.find("Deployment", "web4-edge").inputs["spec"]["template"]["spec"]
    (tls,) = [each for each in spec["containers"][0]["volumeMounts"] if each["name"] == "tls"]
    assert tls == {"name": "tls", "mountPath": "/etc/nginx/tls", "readOnly": True}
    assert "/etc/nginx/tls/..data" in program.find("ConfigMap", "web4-edge").inputs["data"]["start.sh"]
    assert spec["containers"][0]["command"] == ["sh", "/etc/nginx/start.sh"]


def test_an_existing_tls_secret_is_used_and_none_is_made(by_hand: Program) -> None:
    assert "web4-edge-tls" not in [each.name for each in by_hand.of_kind("Secret")]
    volumes = by_hand.find("Deployment", "web4-edge").inputs["spec"]["template"]["spec"]["volumes"]
    assert [each["secret"]["secretName"] for each in volumes if "secret" in each] == ["from-elsewhere"]


def test_the_firewalls_rules_are_mounted_and_a_change_of_them_makes_new_pods(config: dict[str, Any]) -> None:
    def edge(**waf: Any) -> tuple[set[str], set[str], str]:
        program = run_program(overlay(config, {"edge": {"waf": waf}}))
        template = program.find("Deployment", "web4-edge").inputs["spec"]["template"]
        mounts = {each["mountPath"] for each in template["spec"]["containers"][0]["volumeMounts"]}
        mark = template["metadata"]["annotations"]["web4.io/content"]
        return set(program.find("ConfigMap", "web4-edge").inputs["data"]), mounts, mark

    off, blocking, stricter = edge(mode="off"), edge(mode="blocking"), edge(mode="blocking", paranoia_level=2)
    assert off[0] == {"nginx.conf", "start.sh"} and "/etc/nginx/waf.conf" not in off[1]
    assert blocking[0] == {"nginx.conf", "start.sh", "waf.conf"} and "/etc/nginx/waf.conf" in blocking[1]
    assert len({off[2], blocking[2], stricter[2]}) == 3
