"""Another password, or another certificate, makes new pods by itself, and no pod is made without one."""

from pathlib import Path
from typing import Any

import pulumi
import pytest
from infra_recording import Program, run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

BOTH = {"redis", "web4-identity"}


def marks(program: Program) -> dict[str, str | None]:
    """What makes new pods when it changes, by Deployment."""
    found = {}
    for name in BOTH:
        metadata = program.find("Deployment", name).inputs["spec"]["template"]["metadata"]
        found[name] = (metadata.get("annotations") or {}).get("web4.io/secrets")
    return found


def other_password(container: dict[str, Any]) -> dict[str, Any]:
    (found,) = [each for each in container["env"] if each["name"].endswith("_OTHER_PASSWORD")]
    return dict(found["valueFrom"]["secretKeyRef"])


@pytest.mark.parametrize(
    ("section", "setting", "rolled"),
    [
        ("database", "app_password_file", {"web4-identity"}),
        ("database", "app_other_password_file", {"web4-identity"}),
        ("redis", "password_file", BOTH),
        ("redis", "other_password_file", BOTH),
        ("redis", "tls.certificate_file", {"redis"}),
        ("redis", "tls.private_key_file", {"redis"}),
        ("edge", "rate_limit.burst", set()),
    ],
)
def test_what_reads_a_changed_secret_is_rolled(
    program: Program,
    again: Program,
    config: dict[str, Any],
    tmp_path: Path,
    section: str,
    setting: str,
    rolled: set[str],
) -> None:
    (tmp_path / "changed").write_text("changed")
    change: Any = 3 if setting.endswith("burst") else str(tmp_path / "changed")
    for name in reversed(setting.split(".")):
        change = {name: change}
    before, after = marks(program), marks(run_program(overlay(config, {section: change})))
    assert all(before.values())
    assert {name for name in BOTH if before[name] != after[name]} == rolled
    assert before == marks(again)


def test_the_other_password_is_in_the_secret_only_while_there_is_one(
    program: Program, config: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "other").write_text("the other\n")
    change = {
        "database": {"app_other_password_file": str(tmp_path / "other")},
        "redis": {"other_password_file": str(tmp_path / "other")},
    }
    during = run_program(overlay(config, change))
    for name, deployment in (("web4-identity-db-service", "web4-identity"), ("redis-password", "redis")):
        assert "other_password" not in program.find("Secret", name).inputs["stringData"]["value"]
        assert during.find("Secret", name).inputs["stringData"]["value"]["other_password"] == "the other"
        (container,) = program.find("Deployment", deployment).inputs["spec"]["template"]["spec"]["containers"]
        assert other_password(container) == {"name": name, "key": "other_password", "optional": True}


def test_a_secret_made_by_somebody_else_rolls_nothing(by_hand: Program) -> None:
    assert marks(by_hand) == {"redis": None, "web4-identity": None}
    for name in BOTH:
        (container,) = by_hand.find("Deployment", name).inputs["spec"]["template"]["spec"]["containers"]
        assert other_password(container)["name"] == "by-hand"


@pytest.mark.parametrize(
    ("section", "change", "line"),
    [
        (
            "database",
            {"app_password_file": None, "app_secret_name": "by-hand", "app_other_password_file": "HERE"},
            "database: app_other_password_file is for app_password_file; a Secret has the key other_password",
        ),
        (
            "redis",
            {"password_file": None, "secret_name": "by-hand", "other_password_file": "HERE"},
            "redis: other_password_file is for password_file; a Secret has the key other_password",
        ),
    ],
)
def test_the_other_password_comes_from_where_the_password_does(
    config: dict[str, Any], tmp_path: Path, section: str, change: dict[str, Any], line: str
) -> None:
    (tmp_path / "other").write_text("the other")
    change = {name: str(tmp_path / "other") if value == "HERE" else value for name, value in change.items()}
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {section: change}))
    assert str(caught.value) == f"web4-identity:{line}"
