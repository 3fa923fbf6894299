"""What is to be copied from a page can be read by who it is meant for: bash, make, our commands, the settings, Python.

PromQL is read by tests/infra/test_infra_monitoring_runbooks.py.
Whether a runbook's commands do what they should is tested on the running stack (tests/cluster/test_runbooks.py).
"""

import json
import re
from pathlib import Path

import pytest
import yaml
from docs_pages import PAGES, ROOT, Block, blocks, code_spans, name
from docs_shell import commands, make_targets, make_variables, misuse, programs, syntax_error
from infra_stacks import EDITED, example

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

BLOCKS = [block for page in PAGES for block in blocks(page)]
MANIFESTS = ROOT / "tests" / "infra" / "manifests"
LANGUAGES = {"sh", "yaml", "promql", "python", "json", "ini", "nginx", "mermaid", "text"}
KUBECTL = {
    *("annotate", "apply", "auth", "config", "cordon", "create", "delete", "describe", "drain", "edit", "exec", "get"),
    *("label", "logs", "patch", "port-forward", "rollout", "scale", "top", "uncordon", "wait"),
}
PULUMI = {"preview", "up", "refresh", "destroy", "stack", "config", "login", "cancel", "version"}
CLOUDS = {
    *("buildah", "crane", "sh", "psql", "aws", "gcloud", "az", "eksctl", "kind", "k3s", "minikube", "helm"),
    *("grype", "trivy"),
}
"""Programs of somebody else's, whose words nothing here knows: kept to the pages about them."""
OTHERS = {
    *(
        "cd",
        "chmod",
        "cp",
        "curl",
        "docker",
        "echo",
        "eval",
        "export",
        "git",
        "head",
        "install",
        "journalctl",
        "jq",
        "mkdir",
        "printf",
    ),
    *("openssl", "pip", "ps", "python3", "set", "source", "ss", "sudo", "systemctl", "tail", "time", "useradd"),
    *("grep", "sqlite3", "systemd-run", "systemd-analyze", "tar", "sed", "sort", "uniq", "umask", "pre-commit", "cat"),
}


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def complaint(words: list[str]) -> str:
    """Why a command could not be run as it stands; nothing where it can."""
    program = words[0].rpartition("/")[2]
    if program == "make":
        assigned = {word.partition("=")[0] for word in words[1:] if "=" in word}
        unknown = {word for word in words[1:] if "=" not in word and not word.startswith("-")} - make_targets()
        unknown |= assigned - make_variables()
        return f"make: no {', '.join(sorted(unknown))}" if unknown else ""
    if program == "docker" and words[1:2] == ["compose"]:
        return ""
    if program in programs():
        return misuse(words)
    if program == "kubectl":
        verbs = [word for word in words[1:] if not word.startswith("-") and word in KUBECTL]
        return "" if verbs else "kubectl: no verb that is known here"
    if program == "pulumi":
        return "" if set(words) & PULUMI else "pulumi: no command that is known here"
    return "" if program in OTHERS | CLOUDS | {"pytest", "ruff", "python"} else f"what is {program}?"


def test_a_block_says_what_it_is_written_in() -> None:
    unknown = {str(block): block.language for block in BLOCKS if block.language not in LANGUAGES}
    assert unknown == {}
    assert len(of("sh")) > 100 and len(of("promql")) > 80 and len(of("yaml")) > 3, (
        "fewer than there were: are all read?"
    )


@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_bash_reads_a_block_and_each_command_in_it_exists(block: Block) -> None:
    assert syntax_error(block.text) == ""
    found = [complaint(words) for words in commands(block.text)]
    assert [line for line in found if line] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_command_in_the_text_exists_too(page: Path) -> None:
    ours = ("make ", "web4-identity ", "web4ctl ", "kubectl ", "pulumi ")
    spans = [span.replace("…", "x").replace("<", "").replace(">", "") for span in code_spans(page)]
    found = [complaint(words) for span in spans if span.startswith(ours) for words in commands(span)]
    assert [line for line in found if line] == []


def is_stack(document: object) -> bool:
    """Whether it is (a part of) a Pulumi.<stack>.yaml."""
    return isinstance(document, dict) and any(str(key).startswith("web4-identity:") for key in document)


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_settings_are_settings_and_other_yaml_is_of_some_kind(block: Block) -> None:
    stack = overlay(example("prod", block.page), {**EDITED, "platform": {"manifests": str(MANIFESTS)}})
    for document in yaml.safe_load_all(block.text):
        keys = document.get("config", document)
        if is_stack(keys):
            change = {key.removeprefix("web4-identity:"): value for key, value in keys.items()}
            build_settings(overlay(stack, change))
        else:
            assert {"kind", "services", "on"} & document.keys(), (
                "neither a stack, an object of Kubernetes nor a compose file"
            )


def settings() -> set[str]:
    """Every setting's name with its section's, of the generated page."""
    found, section = set(), ""
    for line in (ROOT / "docs" / "configuration.md").read_text().splitlines():
        if line.startswith("##"):
            section = line.lstrip("# ")
            found.add(section)
        elif row := re.match(r"\| (\w+) \|", line):
            found.add(f"{section}.{row[1]}")
    return found


def test_a_setting_in_the_text_is_one() -> None:
    known, unknown = settings(), []
    sections = {each.partition(".")[0] for each in known}
    for page in PAGES:
        for span in code_spans(page):
            named = re.match(r"([a-z_]+)(\.[a-z_]+)+(?=:|$)", span)
            if named and named[1] in sections and named[0] not in known:
                unknown.append(f"{name(page)}: {span}")
    assert len(known) > 200 and unknown == []


def test_python_compiles_and_json_parses() -> None:
    for block in of("python"):
        compile(block.text, str(block), "exec")
    for block in of("json"):
        json.loads(block.text)


def test_what_is_wrong_is_found() -> None:
    wrong = {
        "make everything": "make: no everything",
        "make up FASTER=1": "make: no FASTER",
        "web4-identity mind --url x": "no command mind",
        "web4-identity mint --ulr x": "no option --ulr",
        "kubectl show pods": "kubectl: no verb that is known here",
        "pulumi deploy": "pulumi: no command that is known here",
        "mkae up": "what is mkae?",
        "true | mkae up": "what is true?",
    }
    assert {text: complaint(next(commands(text))) for text in wrong} == wrong
    assert [complaint(words) for words in commands("A=1 make up 2>/dev/null && mkae x")] == ["", "what is mkae?"]
    assert syntax_error("if x; then y")
