"""The 17 rules of grafana/dashboard-linter, read from its source, for dashboards with one Prometheus.

The linter itself is a Go program that no registry here has. Where its rule looks away, ours does not: every type of
panel is looked at, and a counter is found whatever its selector's labels are.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import promql_parser as promql

# One that no panel would write: a rate over any other range is one that does not follow the reader's zoom.
RATE_INTERVAL = "73m"
VARIABLES = {"$__rate_interval": RATE_INTERVAL, "$__range": "71m", "$__interval": "67m"}
RATES = {"rate", "irate"}
PER_SECOND_OR_SUM = RATES | {"increase"}
LABEL_QUERY = re.compile(r"(label_names|label_values|metrics|query_result)\((.+)\)")
# Of Grafana's many (packages/grafana-data/src/valueFormats/categories.ts), those that we have a use for.
UNITS = {
    *("none", "short", "percent", "percentunit", "bool", "bool_yes_no", "bytes", "Bps", "s", "ms"),
    *("cps", "ops", "reqps", "dateTimeAsIso"),
}


class Finding(NamedTuple):
    """What a rule has against a dashboard or, with its title, a panel of it."""

    panel: str | None
    message: str


Rule = Callable[[dict[str, Any]], Iterator[Finding]]


def parse(expr: str) -> Any:
    """The tree of a panel's or variable's PromQL; ValueError if it is none."""
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    return promql.parse(expr)


def walk(node: Any, parents: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every node of a tree with those above it, the nearest last."""
    yield node, parents
    children = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector", "param")]
    for child in [*children, *getattr(node, "args", ())]:
        if child is not None and not isinstance(child, (str, int, float)):
            yield from walk(child, (*parents, node))


def selectors(node: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every vector selector of a tree, with the nodes above it."""
    for each, parents in walk(node):
        if isinstance(each, promql.VectorSelector):
            yield each, parents


def variables(dashboard: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in dashboard["templating"]["list"] if each["type"] == kind]


def data_panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """All but notes."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "text"]


def expressions(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each query's panel and PromQL."""
    for panel in data_panels(dashboard):
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def _trees(dashboard: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for title, expr in expressions(dashboard):
        try:
            yield title, expr, parse(expr)
        except ValueError:
            continue  # target-promql-rule's


def template_datasource(dashboard: dict[str, Any]) -> Iterator[Finding]:
    sources = [(each["name"], each["label"]) for each in variables(dashboard, "datasource")]
    if sources != [("datasource", "Data source")]:
        yield Finding(None, f"has data sources {sources}, not one `datasource` labelled `Data source`")


def template_variable(name: str) -> Rule:
    def rule(dashboard: dict[str, Any]) -> Iterator[Finding]:
        found = [each for each in variables(dashboard, "query") if each["name"] == name]
        if not found:
            yield Finding(None, f"has no variable {name}")
        for each in found:
            wanted = {"label": name.title(), "multi": True, "allValue": ".+"}
            if {key: each.get(key) for key in wanted} != wanted or each["datasource"]["uid"] != "${datasource}":
                yield Finding(None, f"{name} is not as wanted: {wanted}, of ${{datasource}}")

    return rule


def template_label_promql(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for each in variables(dashboard, "query"):
        match = LABEL_QUERY.fullmatch(each["query"]["query"])
        try:
            parse(match[2].rpartition(",")[0] if match else "")
        except ValueError as error:
            yield Finding(None, f"{each['name']}: {each['query']}: {error}")


def template_on_time_change_reload(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for each in variables(dashboard, "query"):
        if each["refresh"] != 2:
            yield Finding(None, f"{each['name']} is not read again when the time range changes")


def panel_datasource(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for panel in data_panels(dashboard):
        for each in (panel, *panel.get("targets", ())):
            if each.get("datasource") != {"type": "prometheus", "uid": "${datasource}"}:
                yield Finding(panel["title"], f"asks {each.get('datasource')}")


def panel_title_description(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for panel in dashboard["panels"]:
        if not panel.get("title") or not panel.get("description"):
            yield Finding(panel.get("title"), "has no title or no description")


def panel_units(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for panel in data_panels(dashboard):
        unit = panel["fieldConfig"]["defaults"].get("unit")
        if unit not in UNITS:
            yield Finding(panel["title"], f"unit {unit}")


def panel_no_targets(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for panel in data_panels(dashboard):
        if not panel.get("targets"):
            yield Finding(panel["title"], "asks nothing")


def target_logql(dashboard: dict[str, Any]) -> Iterator[Finding]:
    """No query of ours is LogQL: the two rules about it have nothing else to say."""
    for panel in data_panels(dashboard):
        for target in panel.get("targets", ()):
            if target["datasource"]["type"] == "loki":
                yield Finding(panel["title"], "asks Loki, which nothing of ours writes to")


def target_promql(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for title, expr in expressions(dashboard):
        try:
            parse(expr)
        except ValueError as error:
            yield Finding(title, f"{expr}: {error}")


def target_rate_interval(dashboard: dict[str, Any]) -> Iterator[Finding]:
    wanted = promql.parse(f"x[{RATE_INTERVAL}]")
    assert isinstance(wanted, promql.MatrixSelector)
    for title, expr, tree in _trees(dashboard):
        for node, parents in walk(tree):
            function = parents[-1].func.name if parents and isinstance(parents[-1], promql.Call) else ""
            if isinstance(node, promql.MatrixSelector) and (node.range == wanted.range) != (function in RATES):
                yield Finding(title, f"$__rate_interval is for rate(), and rate() is for it: {expr}")


def target_matcher(label: str) -> Rule:
    def rule(dashboard: dict[str, Any]) -> Iterator[Finding]:
        for title, expr, tree in _trees(dashboard):
            for selector, _ in selectors(tree):
                found = [(each.op, each.value) for each in selector.matchers.matchers if each.name == label]
                if found != [(promql.MatchOp.Re, f"${label}")]:
                    yield Finding(title, f'no {label}=~"${label}" in {selector} of {expr}')

    return rule


def target_counter_agg(dashboard: dict[str, Any]) -> Iterator[Finding]:
    for title, expr, tree in _trees(dashboard):
        for selector, parents in selectors(tree):
            functions = [each.func.name for each in parents[-2:-1] if isinstance(each, promql.Call)]
            if selector.name.endswith("_total") and not PER_SECOND_OR_SUM & set(functions):
                yield Finding(title, f"counter {selector.name} without rate, irate or increase: {expr}")


def uneditable(dashboard: dict[str, Any]) -> Iterator[Finding]:
    if dashboard["editable"]:
        yield Finding(None, "can be edited")


RULES: dict[str, Rule] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_variable("job"),
    "template-instance-rule": template_variable("instance"),
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-logql-rule": target_logql,
    "target-logql-auto-rule": target_logql,
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_matcher("job"),
    "target-instance-rule": target_matcher("instance"),
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard": uneditable,
}
