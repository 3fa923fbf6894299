"""What a stack may say; what it is told when it says something wrong is in test_infra_bad_settings.py."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from infra_recording import ProgramOf, run_program

from infra.configuration import build_settings
from infra.environments import overlay
from infra.settings import ImageSettings

pytestmark = pytest.mark.infra


def test_the_smallest_configuration_gets_the_guides_values_and_the_environments(config: dict[str, Any]) -> None:
    settings = build_settings(config)
    assert settings.namespace == "web4"
    assert settings.identity.rate_limit_per_ip == 20
    assert settings.identity.atp_mint_scale_factor == Decimal("1.5")
    assert settings.identity.test_mode is False
    assert settings.edge.rate_limit.rate == "10r/m"
    # stack local, from infra/environments.py
    assert settings.edge.node_port == 30443
    assert settings.monitoring.retention == "2d"


def test_a_stack_wins_over_its_environment_key_by_key(config: dict[str, Any]) -> None:
    settings = build_settings(overlay(config, {"edge": {"node_port": 31443}}))
    assert settings.edge.node_port == 31443
    assert settings.edge.service_type == "NodePort"


def test_settings_cannot_be_changed(config: dict[str, Any]) -> None:
    settings = build_settings(config)
    with pytest.raises(ValueError, match="frozen"):
        settings.identity.replicas = 5  # type: ignore[misc]  # that it is read-only is what is tested


def images_in(value: Any) -> Iterator[str]:
    """Every image that an object names, in whatever field its kind has for it."""
    if isinstance(value, list):
        for each in value:
            yield from images_in(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in {"image", "imageName"} and isinstance(each, str):
                yield each
            else:
                yield from images_in(each)


def test_every_image_is_one_of_the_settings_and_each_of_those_is_used(config: dict[str, Any]) -> None:
    catalogue = {name: f"registry.web4.io/{name}:1" for name in ImageSettings.model_fields}
    program = run_program(
        overlay(config, {"images": catalogue, "grafana": {"enabled": True, "admin_secret_name": "grafana"}})
    )
    named = {image for each in program.resources for image in images_in(each.inputs)}
    in_arguments = {catalogue["config_reloader"]}  # the operator is told by an option, and names it itself
    assert named | in_arguments == set(catalogue.values())
    assert any(catalogue["config_reloader"] in str(each.inputs) for each in program.of_kind("Deployment"))


def test_in_prod_each_of_them_is_a_digest(program_of: ProgramOf) -> None:
    named = {image for each in program_of("prod").resources for image in images_in(each.inputs)}
    assert len(named) >= 6 and all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image) for image in named)
