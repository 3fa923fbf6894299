"""What is to be copied from a runbook, or to be looked at in trouble, works on the running stack and is there."""

import shlex
import subprocess
import time
from pathlib import Path

import yaml
from cluster_stack import Kubectl
from docs_pages import ROOT, RUNBOOKS, blocks
from live_prometheus import Prometheus

from monitoring import METRIC_TYPES

LOOKING = {"get", "describe", "logs", "exec", "top"}
PUSHED = ("web4_restore_drill_", "web4_security_gate_")
"""Metrics that only exist once their job has run, which is weekly."""


PAGES = [*RUNBOOKS, ROOT / "docs" / "troubleshooting.md"]


def texts(language: str) -> list[str]:
    """Every fenced block of one language, each once."""
    return sorted({block.text for page in PAGES for block in blocks(page) if block.language == language})


def test_every_command_that_looks_succeeds(kubectl: Kubectl) -> None:
    failed = {}
    commands = [shlex.split(block) for block in texts("sh")]
    for words in commands:
        assert LOOKING & set(words), "a block is for looking; what changes something stands in the text"
        done = subprocess.run([*kubectl.words, *words[1:]], capture_output=True, text=True, check=False)
        if done.returncode:
            failed[shlex.join(words)] = done.stderr
    assert len(commands) > 40
    assert failed == {}


def test_prometheus_answers_every_query(prometheus: Prometheus) -> None:
    queries = texts("promql")
    assert len(queries) > 80
    for query in queries:
        prometheus.query(query)


def test_every_metric_of_a_rule_or_runbook_is_on_a_live_target_with_the_type_that_is_assumed(
    prometheus: Prometheus,
) -> None:
    known = yaml.safe_load(Path(METRIC_TYPES).read_text())
    expected = {name: kind for name, kind in known.items() if not name.startswith(PUSHED) and name != "up"}
    deadline = time.monotonic() + 120  # a new stack's exporters are asked one after the other
    while absent := {name for name, kind in expected.items() if not has_series(prometheus, name, kind)}:
        assert time.monotonic() < deadline, f"without a series: {absent}"
        time.sleep(3)
    metadata = prometheus.get("/api/v1/metadata")
    found = {name: metadata.get(name, [{"type": "missing"}])[0]["type"] for name in expected}
    # prometheus_client and Prometheus's own counters are described without their _total in OpenMetrics.
    for name in [name for name, kind in found.items() if kind == "missing"]:
        found[name] = metadata.get(name.removesuffix("_total"), [{"type": "missing"}])[0]["type"]
    assert found == expected


def has_series(prometheus: Prometheus, name: str, kind: str) -> bool:
    return bool(prometheus.query(f"count({name}_bucket)" if kind == "histogram" else f"count({name})"))
