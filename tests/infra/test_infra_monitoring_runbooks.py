"""A runbook for each alert, and none besides; what is to be copied from them, and from the pages of trouble, parses."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from docs_pages import ROOT, RUNBOOKS, blocks, code_spans
from infra_promql import counted, metrics
from infra_tools import run_tool

from monitoring import METRIC_TYPES, rule_groups

pytestmark = [pytest.mark.infra, pytest.mark.tools]

CHAPTERS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
TROUBLE = [ROOT / "docs" / name for name in ("troubleshooting.md", "getting-started.md")]
RULES = [rule for group in rule_groups() for rule in group["rules"]]
ALERTS = {rule["alert"] for rule in RULES if "alert" in rule}
VERBS = {"get", "describe", "logs", "exec", "top", "rollout", "scale", "delete"}


def texts(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [block.text for block in blocks(page) if block.language == language]


def commands(page: Path) -> list[str]:
    """Every kubectl line, in blocks and in the text."""
    return [*texts(page, "sh"), *(span for span in code_spans(page) if span.startswith("kubectl "))]


QUERIES = [query for page in [*RUNBOOKS, *TROUBLE] for query in texts(page, "promql")]


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    assert {page.stem for page in RUNBOOKS} == ALERTS


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_leads_from_the_alert_to_a_cure(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == CHAPTERS
    for chapter in re.split(r"^## .+$", text, flags=re.MULTILINE):
        assert chapter.strip(), "an empty chapter"
    assert texts(page, "promql") or texts(page, "sh"), "nothing to copy"
    severities = {rule["labels"]["severity"] for rule in RULES if rule.get("alert") == page.stem}
    head = text.splitlines()[2].lower()
    assert all(severity in head for severity in severities - {"none"}), head


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_names_no_alert_that_is_not_there(page: Path) -> None:
    for name in re.findall(r"[Ss]ee ([A-Z][a-z]+[A-Z]\w+)", page.read_text()):
        assert name in ALERTS, name
    for name in re.findall(r"monitoring\.alerts\.(\w+)", page.read_text()):
        assert name in ALERTS, name


def test_every_query_parses_and_uses_what_there_is(tmp_path: Path) -> None:
    known = yaml.safe_load(METRIC_TYPES.read_text())
    recorded = {rule["record"] for rule in RULES if "record" in rule} | {"ALERTS"}
    for query in QUERIES:
        for metric in metrics(query) - recorded:
            base = re.sub(r"_(bucket|count|sum)$", "", metric)
            assert metric in known or known.get(base) == "histogram", f"{metric} in {query}"
        for metric in counted(query):
            base = re.sub(r"_(bucket|count|sum)$", "", metric)
            assert known.get(metric) == "counter" or known.get(base) == "histogram", f"{metric} in {query}"
    rules = [{"record": f"runbook:query:{number}", "expr": query} for number, query in enumerate(QUERIES)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": rules}]}))
    run_tool("promtool", "check", "rules", file)


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_every_kubectl_line_can_be_split_and_is_for_the_stacks_namespace(page: Path) -> None:
    for command in commands(page):
        words = shlex.split(command)
        assert words[0] == "kubectl" and "\n" not in command, command
        if words[1] == "-n":
            assert words[2] in {"web4", "monitoring-system"}, command
            words = words[2:]
        else:
            assert "-A" in words or "nodes" in words, f"in which namespace? {command}"
        assert words[1] in VERBS, command
