"""A runbook for each alert, and none besides; what is to be copied from them parses."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from infra_promql import counted, metrics
from infra_tools import run_tool

from monitoring import METRIC_TYPES, RUNBOOKS, rule_groups

pytestmark = pytest.mark.infra

CHAPTERS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
PAGES = sorted(RUNBOOKS.glob("*.md"))
RULES = [rule for group in rule_groups() for rule in group["rules"]]
ALERTS = {rule["alert"] for rule in RULES if "alert" in rule}
VERBS = {"get", "describe", "logs", "exec", "top", "rollout", "scale", "delete"}


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [text.strip() for text in found]


def commands(page: Path) -> list[str]:
    """Every kubectl line, in blocks and in the text."""
    return [*blocks(page, "sh"), *re.findall(r"`(kubectl [^`]+)`", page.read_text())]


QUERIES = [query for page in PAGES for query in blocks(page, "promql")]


def test_each_alert_has_a_runbook_and_each_runbook_an_alert():
    assert {page.stem for page in PAGES} == ALERTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_leads_from_the_alert_to_a_cure(page):
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == CHAPTERS
    for chapter in re.split(r"^## .+$", text, flags=re.MULTILINE):
        assert chapter.strip(), "an empty chapter"
    assert blocks(page, "promql") or blocks(page, "sh"), "nothing to copy"
    severities = {rule["labels"]["severity"] for rule in RULES if rule.get("alert") == page.stem}
    head = text.splitlines()[2].lower()
    assert all(severity in head for severity in severities - {"none"}), head


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_names_no_alert_and_no_file_that_is_not_there(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), link
    for name in re.findall(r"[Ss]ee ([A-Z][a-z]+[A-Z]\w+)", page.read_text()):
        assert name in ALERTS, name
    for name in re.findall(r"monitoring\.alerts\.(\w+)", page.read_text()):
        assert name in ALERTS, name


def test_every_query_parses_and_uses_what_there_is(tmp_path):
    known = yaml.safe_load(METRIC_TYPES.read_text())
    recorded = {rule["record"] for rule in RULES if "record" in rule}
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_kubectl_line_can_be_split_and_is_for_the_stacks_namespace(page):
    for command in commands(page):
        words = shlex.split(command)
        assert words[0] == "kubectl" and "\n" not in command, command
        if words[1] == "-n":
            assert words[2] in {"web4", "monitoring-system"}, command
            words = words[2:]
        else:
            assert "-A" in words or "nodes" in words, f"in which namespace? {command}"
        assert words[1] in VERBS, command
