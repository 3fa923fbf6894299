"""What a stack may say, and what it is told when it says something wrong."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pulumi
import pytest
from infra_recording import run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra


def problems(config: dict[str, Any], change: dict[str, Any]) -> list[str]:
    """The lines the program ends with when `change` is laid over `config`."""
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, change))
    return str(caught.value).splitlines()


def without(config: dict[str, Any], section: str, key: str) -> dict[str, Any]:
    copy = deepcopy(config)
    del copy[section][key]
    return copy


def test_the_smallest_configuration_gets_the_guides_values_and_the_environments(config):
    settings = build_settings(config)
    assert settings.namespace == "web4"
    assert settings.identity.rate_limit_per_ip == 20
    assert settings.identity.atp_mint_scale_factor == Decimal("1.5")
    assert settings.identity.test_mode is False
    assert settings.edge.rate_limit.rate == "10r/m"
    # stack local, from infra/environments.py
    assert settings.edge.node_port == 30443
    assert settings.monitoring.retention == "2d"


def test_a_stack_wins_over_its_environment_key_by_key(config):
    settings = build_settings(overlay(config, {"edge": {"node_port": 31443}}))
    assert settings.edge.node_port == 31443
    assert settings.edge.service_type == "NodePort"


def test_an_unknown_key_names_itself_and_the_allowed_ones(config):
    (line,) = problems(config, {"edge": {"nod_port": 1}})
    assert line.startswith("web4-identity:edge.nod_port: unknown key; allowed here: ")
    assert "node_port" in line and "server_name" in line


def test_an_unknown_key_two_sections_deep_names_that_sections_keys(config):
    (line,) = problems(config, {"edge": {"tls": {"cert": "x"}}})
    assert (
        line == "web4-identity:edge.tls.cert: unknown key; allowed here: "
        "certificate_file, issuer, private_key_file, secret_name"
    )


def test_an_unknown_section_names_the_sections(config):
    (line,) = problems(config, {"egde": {}})
    assert line.startswith("web4-identity:egde: unknown key; allowed here: ") and "edge" in line


def test_every_mistake_has_a_line_of_its_own(config):
    lines = problems(config, {"identity": {"replicas": 0, "min_witness_reputation": 2}, "namespace": "Web4"})
    assert [line.split(": ")[0] for line in lines] == [
        "web4-identity:namespace",
        "web4-identity:identity.replicas",
        "web4-identity:identity.min_witness_reputation",
    ]


@pytest.mark.parametrize("environment", [None, "production"])
def test_an_environment_that_does_not_exist_is_refused(config, environment):
    (line,) = problems(config, {"environment": environment})
    assert line == f"web4-identity:environment: got {environment!r}, want one of local, dev, staging, prod"


def test_an_environment_that_does_not_exist_hides_no_other_mistake(config):
    lines = problems(config, {"environment": "production", "identity": {"replicas": 0}})
    assert [line.split(": ")[0] for line in lines] == ["web4-identity:environment", "web4-identity:identity.replicas"]


def test_a_section_that_is_no_section_is_named(config):
    with pytest.raises(pulumi.RunError, match="web4-identity:identity: Input should be"):
        run_program({**config, "identity": "{replicas: 2"})


def test_a_required_key_is_named(config):
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(without(config, "cluster", "context"))
    assert str(caught.value) == "web4-identity:cluster.context: required, and not set"


def test_a_kubeconfig_that_is_not_there_is_named(config):
    (line,) = problems(config, {"cluster": {"kubeconfig": "/nowhere/kubeconfig"}})
    assert line == "web4-identity:cluster.kubeconfig: no such file: /nowhere/kubeconfig"


def test_a_manifest_that_is_not_there_is_named(config, tmp_path):
    (line,) = problems(config, {"platform": {"manifests": str(tmp_path)}})
    assert line == f"web4-identity:platform: no such file: {tmp_path}/cloudnative-pg.yaml"


def test_installing_the_platform_needs_its_manifests(config):
    with pytest.raises(pulumi.RunError, match=r"manifests must name the folder of cloudnative-pg\.yaml and "):
        build_settings(without(config, "platform", "manifests"))


@pytest.mark.parametrize(
    "tls", [{"secret_name": "edge-tls"}, {"certificate_file": None}], ids=["files and a Secret", "a key alone"]
)
def test_the_certificate_comes_from_one_place(config, tls):
    (line,) = problems(config, {"edge": {"tls": tls}})
    assert line == "web4-identity:edge.tls: give one of: certificate_file and private_key_file; secret_name; issuer"


def test_settings_cannot_be_changed(config):
    settings = build_settings(config)
    with pytest.raises(ValueError, match="frozen"):
        settings.identity.replicas = 5


def test_the_program_itself_stops_with_the_clear_lines(config):
    with pytest.raises(pulumi.RunError, match="web4-identity:imags: unknown key"):
        run_program({**config, "imags": {"nginx": "x"}})


def test_a_firewall_wants_an_nginx_that_has_one(config):
    change = {"edge": {"waf": {"mode": "blocking"}}, "images": {"nginx": "docker.io/library/nginx:1.28"}}
    (line,) = problems(config, change)
    assert line == (
        "web4-identity:edge.waf.mode: blocking needs an nginx with ModSecurity, and images.nginx is "
        "docker.io/library/nginx:1.28; build local/images/containerfiles/nginx.Containerfile, or say off"
    )
