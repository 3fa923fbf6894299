"""The command `web4ctl` itself: its commands, exit codes, mistakes in one line, completion, and its page in docs/."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local import stack
from local.ctl import base, reference
from local.ctl.app import app
from local.ctl.looking import Page, Part
from local.errors import UserError
from local.logs import SELECTORS
from local.pages import PAGES
from local.paths import REPO

pytestmark = pytest.mark.unit

WEB4CTL = Path(sys.executable).with_name("web4ctl")
COMMANDS = [
    *("up", "stop", "down", "clean", "env", "render", "check-tools"),
    *("status", "verify", "validate", "drill"),
    *("backup", "mint", "rotate", "restore"),
    *("logs", "open"),
    *("sbom", "scan", "reproduce"),
]
SLOW = ("pulumi", "pulumi_kubernetes", "httpx", "pydantic", "cryptography", "tenacity", "yaml")


def run(*words: str) -> Result:
    """Run it here, in this process: exit code, output and error are as a user's."""
    return CliRunner().invoke(app, words, prog_name="web4ctl")


def complete(words: str) -> list[str]:
    """What bash offers after `words`, of which the last may be half of one."""
    asked = {"_WEB4CTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return subprocess.run([WEB4CTL], env={**os.environ, **asked}, capture_output=True, text=True).stdout.split()


def test_every_command_is_offered_and_explained() -> None:
    assert set(COMMANDS) <= set(complete("web4ctl "))
    for name in COMMANDS:
        said = run(name, "--help")
        assert said.exit_code == 0
        assert said.stdout.startswith(f"Usage: web4ctl {name} ")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("web4ctl ver", ["verify"]),
        ("web4ctl logs ", [part.value for part in Part]),
        ("web4ctl open pro", ["prometheus"]),
        ("web4ctl status --stack ", ["dev", "local", "prod", "staging"]),
        ("web4ctl render --stack pr", ["prod"]),
        ("web4ctl logs --fol", ["--follow"]),
        ("web4ctl reproduce red", ["redis", "redis-exporter"]),
    ],
)
def test_the_shell_completes(words: str, offered: list[str]) -> None:
    assert complete(words) == offered


def test_completion_waits_for_nothing_slow() -> None:
    asked = f"import sys, local.ctl.app; print([name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_parts_and_pages_are_those_that_the_work_knows() -> None:
    assert {part.value for part in Part} == set(SELECTORS)
    assert {page.value for page in Page} == set(PAGES)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["dance"], "No such command 'dance'"),
        (["status", "--loud"], "No such option: --loud"),
        (["status", "--stack", "nowhere"], "there is no stack nowhere (Pulumi.nowhere.yaml): say one of dev, local"),
        (["logs", "kitchen"], "'kitchen' is not one of 'service'"),
        (["logs", "edge", "--since", "3x"], "'3x' is no duration: say one such as 90s"),
        (["drill", "--to", "yesterday"], "'yesterday' is no time: say one such as 2025-01-31T12:00:00Z"),
        (["drill", "--to", "2025-01-31T12:00:00"], "has no time zone: end it with Z"),
        (["open", "prometheus", "--port", "0"], "greater than or equal to 1"),
        (["backup", "--minutes", "0"], "greater than or equal to 1"),
    ],
)
def test_a_usage_mistake_is_exit_code_2_and_does_nothing(words: list[str], part: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert part in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (UserError("no cluster: start one."), 1, "error: no cluster: start one."),
        (PermissionError(13, "Permission denied", "/root/x"), 1, "error: /root/x: permission denied. Run it as the"),
        (KeyboardInterrupt(), 130, "interrupted; run it again to go on"),
    ],
)
def test_what_a_user_can_mend_is_one_line(
    monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, line: str
) -> None:
    def fails(stack: str) -> None:
        raise raised

    monkeypatch.setattr("local.status.look.look", fails)
    done = run("status")
    assert done.exit_code == code
    assert done.exit_code in base.EXIT_CODES
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_an_error_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.status.look.look", lambda stack: 1 / 0)
    assert isinstance(run("status").exception, ZeroDivisionError)


@pytest.mark.parametrize("command", ["status", "verify", "backup", "drill", "mint a", "logs edge", "open prometheus"])
def test_without_a_stack_each_command_says_how_to_get_one(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "BACKEND", tmp_path)
    done = run(*command.split())
    assert done.exit_code == 1
    assert done.stderr == "error: there is no stack on this machine: run `make up` first.\n"


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's, for stack staging, with one context: its cluster does not answer."""
    config = tmp_path / ".kube" / "config"
    config.parent.mkdir()
    config.write_text(
        "apiVersion: v1\nkind: Config\n"
        "clusters: [{name: gone, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: me, user: {token: mine}}]\ncontexts: [{name: gone, context: {cluster: gone, user: me}}]\n"
    )
    for name, value in {"HOME": tmp_path, "KUBECONFIG": config, "KUBE_CONTEXT": "gone"}.items():
        monkeypatch.setenv(name, str(value))
    return config


@pytest.mark.parametrize("command", ["status", "backup", "drill", "logs edge", "open grafana"])
def test_a_cluster_out_of_reach_is_one_line(kubeconfig: Path, command: str) -> None:
    done = run(*command.split(), "--stack=staging")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: context gone (in {kubeconfig}) cannot be reached: ")
    assert "127.0.0.1:1 was refused" in done.stderr
    assert "kubectl config get-contexts" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_context_is_one_line(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_CONTEXT", "wrong")
    done = run("status", "--stack=staging")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: context wrong ")
    assert 'context "wrong" does not exist' in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_tool_that_is_missing_is_one_line(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.target.BIN", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    done = run("status", "--stack=staging")
    assert done.exit_code == 1
    assert "there is no program kubectl: `make up` builds it, or put one on PATH." in done.stderr
    assert done.stderr.count("\n") == 1


def test_data_is_not_deleted_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    removed = []
    monkeypatch.setattr("local.up.down", lambda: removed.append("all"))
    monkeypatch.setattr("local.ctl.running.alone", nullcontext)
    monkeypatch.setenv("YES", "")
    done = run("down")
    assert done.exit_code == 1
    assert "say --yes, or YES=1" in done.stderr
    assert removed == []
    assert run("down", "--yes").exit_code == 0
    assert removed == ["all"]


def test_with_json_all_else_goes_to_standard_error() -> None:
    program = (
        "import subprocess; from local.ctl.base import print_json, result_alone\n"
        "with result_alone(True):\n    print('said'); subprocess.run(['echo', 'a child'])\n"
        "print_json({'done': True})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"done": True}
    assert done.stderr.splitlines() == ["said", "a child"]


def test_the_committed_page_is_what_the_command_says() -> None:
    assert reference.FILE.read_text(encoding="utf-8") == reference.render()


def test_the_page_has_every_command_and_exit_code() -> None:
    page = reference.render()
    assert re.findall(r"^## ([a-z-]+)$", page, re.M) == COMMANDS
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.M)] == list(base.EXIT_CODES)


def test_each_target_of_the_makefile_is_one_call_of_the_command() -> None:
    makefile = (REPO / "Makefile").read_text()
    called = set(re.findall(r"^\t@\$\(CTL\) ([a-z-]+)", makefile, re.M))
    assert called == set(COMMANDS) - {"mint", "logs", "open"}
    assert "-m local " not in makefile
    for name in called:
        assert makefile.count(f"$(CTL) {name}") == 1, name


def test_ctrl_c_ends_it_with_130(kubeconfig: Path, tmp_path: Path) -> None:
    slow = tmp_path / "bin" / "kubectl"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexec sleep 60\n")
    slow.chmod(0o755)
    running = subprocess.Popen(
        [WEB4CTL, "status", "--stack=staging"],
        env={**os.environ, "WEB4_CACHE": str(tmp_path / "cache"), "PATH": f"{slow.parent}:/usr/bin:/bin"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    while not (tmp_path / "asked").exists():
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate()
    assert running.returncode == 130
    assert said == "interrupted; run it again to go on\n"
