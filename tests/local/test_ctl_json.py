"""`--json` of `web4ctl`: each command has it, and standard output is then the result and nothing else."""

import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from local.ctl.app import app
from local.paths import CLUSTER

pytestmark = pytest.mark.unit

GROUP = typer.main.get_group(app)


@pytest.mark.parametrize("name", GROUP.commands)
def test_each_command_has_it(name: str) -> None:
    assert "--json" in [flag for option in GROUP.commands[name].params for flag in option.opts]


@pytest.fixture(autouse=True)
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else this machine is doing, the work here is not real."""
    for room in ("running", "checking", "keeping"):
        monkeypatch.setattr(f"local.ctl.{room}.alone", nullcontext)


def working(returned: object) -> Callable[..., object]:
    """Return work that wants what it and its children print to be on standard error."""

    def work(*_: object) -> object:
        assert os.path.sameopenfile(1, 2)
        return returned

    return work


def result(command: str) -> Any:
    done = CliRunner().invoke(app, [*command.split(), "--json"])
    assert done.exit_code == 0, done.exception or done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("command", "work", "returned", "expected"),
    [
        ("rotate", "local.rotate.rotate", ["redis"], {"stack": "local", "rotated": ["redis"]}),
        ("stop", "local.up.stop", None, {"stopped": True, "data": str(CLUSTER)}),
        ("down --yes", "local.up.down", False, {"stack": "local", "removed": True, "cluster_removed": False}),
    ],
)
def test_what_was_done_is_said(
    monkeypatch: pytest.MonkeyPatch, command: str, work: str, returned: object, expected: object
) -> None:
    monkeypatch.setattr(work, working(returned))
    assert result(command) == expected


def test_the_checks_that_were_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.checks.missing", lambda: ["checkov"])
    monkeypatch.setattr("local.checks.install", working(None))
    assert result("check-tools") == {"installed": ["checkov"]}


def test_clean_says_whether_there_was_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr("local.paths.CACHE", cache)
    monkeypatch.setattr("local.paths.BIN", cache / "bin")
    monkeypatch.setattr("local.cluster.node.leftovers", list)
    assert result("clean") == {"folder": str(cache), "removed": False}
    (cache / "bin").mkdir(parents=True)
    (cache / "bin" / ".kubectl.stamp").touch()
    assert result("clean") == {"folder": str(cache), "removed": True}
    assert not cache.exists()


def test_the_variables_are_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.stack.environment", lambda: {"PULUMI_HOME": "/a b"})
    monkeypatch.setattr("local.target.target", lambda: SimpleNamespace(kubeconfig="/config"))
    assert result("env") == {"PULUMI_HOME": "/a b", "KUBECONFIG": "/config"}


def test_another_stack_is_not_given_locals_state_passphrase_or_cluster() -> None:
    variables = result("env --stack=prod")
    assert {"PATH", "PULUMI_HOME"} <= variables.keys()
    assert not {"PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "KUBECONFIG"} & variables.keys()


def test_the_attacks_are_asked_for_json(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def validate(_: object, words: list[str]) -> int:
        asked.append(words)
        return 0

    monkeypatch.setattr("local.gate.validate", validate)
    assert CliRunner().invoke(app, ["validate", "--json", "--timeout=5"]).exit_code == 0
    assert asked == [["--timeout=5", "--json"]]
