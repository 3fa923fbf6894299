"""The compose file: by the specification's schema, with the service's own settings, and the edge of the stacks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from docs_pages import ROOT

from infra import compose_edge
from infra.settings import ImageSettings

pytestmark = pytest.mark.infra

FOLDER = ROOT / "service" / "compose"
# The schema of compose-spec/compose-go v2.16.2 (Apache 2.0), from the Go module.
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+):\?[^}]+\}")


def given(environment: dict[str, Any]) -> dict[str, str]:
    """What a container gets, with the name of each variable of .env for its value."""
    return {
        name: VARIABLE.sub(lambda found: found[1].lower().replace("_", "-"), str(value))
        for name, value in environment.items()
    }


def test_it_is_by_the_specification() -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert [
        f"{'.'.join(map(str, each.instance_path))}: {each.message}" for each in validator.iter_errors(COMPOSE)
    ] == []
    wrong = {**COMPOSE, "services": {**SERVICES, "nginx": {**SERVICES["nginx"], "portz": []}}}
    assert not validator.is_valid(wrong)


def test_the_service_accepts_its_variables_as_production_and_knows_each() -> None:
    for name in ("identity", "migrate"):
        done = subprocess.run(
            [Path(sys.executable).with_name("web4-identity"), "check-config"],
            env={"PATH": os.environ["PATH"], **given(SERVICES[name]["environment"])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        shown = {line.split()[0] for line in done.stdout.splitlines() if "environment" in line}
        assert SERVICES[name]["environment"].keys() - {"PGPASSWORD"} <= shown, done.stdout


def test_every_variable_is_in_the_example_of_env_and_no_other() -> None:
    used = set(VARIABLE.findall((FOLDER / "compose.yaml").read_text()))
    example = {line.partition("=")[0] for line in (FOLDER / "env.example").read_text().splitlines() if "=" in line}
    assert used == example


def test_the_edge_is_the_stacks_own_and_reaches_the_service_alone() -> None:
    assert (FOLDER / "nginx.conf").read_text() == compose_edge.render(), "run `make docs`"
    address = SERVICES["nginx"]["networks"]["inside"]["ipv4_address"]
    assert SERVICES["identity"]["environment"]["TRUSTED_PROXIES"] == f"{address}/32"
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["nginx"]


def test_what_is_ours_to_harden_is_hardened() -> None:
    for name, service in SERVICES.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        if name != "postgres":  # its entry point prepares the volume as root
            assert service["read_only"] and service["cap_drop"] == ["ALL"], name


def test_images_are_the_versions_of_the_stacks() -> None:
    stacks = ImageSettings()
    assert SERVICES["identity"]["image"] == stacks.identity
    for name, wanted in (("redis", stacks.redis), ("nginx", stacks.nginx), ("postgres", stacks.postgres)):
        assert SERVICES[name]["image"].rpartition(":")[2] == wanted.rpartition(":")[2]
