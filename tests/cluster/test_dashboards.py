"""What the dashboards would show: every panel's query, asked of the running Prometheus."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cluster_stack import Kubectl, Society
from live_prometheus import Prometheus

from dashboards import build_all

society = Society()

# What a reader who chose nothing asks for.
CHOICE = {
    "$__rate_interval": "5m",
    "$__range": "1h",
    **{f"${name}": ".+" for name in ("namespace", "job", "instance", "alert")},
}
NOTHING_WRONG = "there is a series only while something is wrong"
NEVER_RUN = "the job that pushes it has not run yet"
# Panels that may be empty, and why. Every other one must show something.
MAY_BE_EMPTY = {
    "Mints failed (5xx)": NOTHING_WRONG,
    "Failures by replica": NOTHING_WRONG,
    "Alerts now": NOTHING_WRONG,
    "Alerts over time": NOTHING_WRONG,
    "Targets that do not answer": NOTHING_WRONG,
    "Last restore drill": NEVER_RUN,
    "Age of the restore drill": NEVER_RUN,
    "Time of a restore drill": NEVER_RUN,
    "Attacks let through": NEVER_RUN,
    "Security gate's last run": NEVER_RUN,
}
COUNTING = {"rate", "irate", "increase"}


def panels() -> Iterator[tuple[str, str]]:
    """Each panel's title and one of its queries."""
    for text in build_all().values():
        for panel in json.loads(text)["panels"]:
            for target in panel.get("targets", ()):
                yield panel["title"], as_asked(target["expr"])


def as_asked(expr: str) -> str:
    for variable, value in CHOICE.items():
        expr = expr.replace(variable, value)
    return expr


def selectors(node: Any, function: str = "") -> Iterator[tuple[str, str]]:
    """Each metric in what Prometheus says a query is, and the function that is called on it."""
    if isinstance(node, dict):
        if node.get("type") in ("vectorSelector", "matrixSelector"):
            yield node["name"], function
            return
        if node.get("type") == "call":
            function = node["func"]["name"]
        for child in node.values():
            yield from selectors(child, function)
    elif isinstance(node, list):
        for child in node:
            yield from selectors(child, function)


@pytest.fixture(scope="module")
def used(prometheus: Prometheus) -> set[tuple[str, str, str]]:
    """Each panel's title, with a metric it uses and the function that is called on that."""
    return {
        (title, *found)
        for title, expr in panels()
        for found in selectors(prometheus.get(f"/api/v1/parse_query?query={quote(expr)}"))
    }


def test_the_dashboards_are_where_grafana_finds_them(kubectl: Kubectl) -> None:
    maps = kubectl.json("get", "configmaps", "--selector=grafana_dashboard=1")["items"]
    assert {name: text for each in maps for name, text in each["data"].items()} == build_all()


def test_every_panel_shows_something_after_a_mixed_load(
    prometheus: Prometheus, new_client: Callable[[], httpx.Client]
) -> None:
    asked = list(panels())
    empty = set(asked)
    deadline = time.monotonic() + 150
    while True:
        mixed_load(new_client())
        empty = {(title, expr) for title, expr in empty if not prometheus.query(expr)}
        if not (missing := {(title, expr) for title, expr in empty if title not in MAY_BE_EMPTY}):
            break
        assert time.monotonic() < deadline, missing
        time.sleep(15)
    assert MAY_BE_EMPTY.keys() <= {title for title, _ in asked}, "a panel that there is not"


def mixed_load(client: httpx.Client) -> None:
    """Mints, reads, and a refusal of each kind that the guide's panels show."""
    for _ in range(3):
        answer = society.mint(client)
        assert answer.status_code == 201, answer.text
        assert client.get(f"/v1/lct/{answer.json()['data']['lct_id']}").status_code == 200
    assert client.post("/v1/lct/mint", json=society.mint_body()).status_code == 401  # not signed
    assert client.post("/v1/lct/mint", json={"society": ""}).status_code in (401, 422)


def test_every_metric_of_a_panel_is_on_a_live_target(prometheus: Prometheus, used: set[tuple[str, str, str]]) -> None:
    there = set(prometheus.get("/api/v1/label/__name__/values"))
    assert {(title, metric) for title, metric, _ in used if metric not in there and title not in MAY_BE_EMPTY} == set()


def test_only_counters_are_asked_for_their_rate(prometheus: Prometheus, used: set[tuple[str, str, str]]) -> None:
    kinds = {name: kind[0]["type"] for name, kind in prometheus.get("/api/v1/metadata").items()}

    def kind(metric: str) -> str:
        family = next((metric.removesuffix(end) for end in ("_bucket", "_sum", "_count") if metric.endswith(end)), "")
        return kinds.get(metric) or kinds.get(metric.removesuffix("_total")) or kinds.get(family) or "unknown"

    counted = {(title, metric) for title, metric, function in used if function in COUNTING}
    wrong = {(title, metric, kind(metric)) for title, metric in counted if kind(metric) not in ("counter", "histogram")}
    assert wrong == set()
