"""Reads PromQL by the grammar of Prometheus: which metrics an expression uses, and which it takes the rate of."""

from collections.abc import Iterator

import promql_parser as promql

COUNTING = {"rate", "irate", "increase"}
"""What is meant for counters: a gauge that falls would look like a restart."""


def metrics(expr: str) -> set[str]:
    """The names of every metric in `expr`; raises ValueError where Prometheus would not parse it."""
    return {name for name, _ in _selectors(promql.parse(expr), "")}


def counted(expr: str) -> set[str]:
    """The names of the metrics that `expr` takes the rate or the increase of."""
    return {name for name, function in _selectors(promql.parse(expr), "") if function in COUNTING}


def _selectors(node: promql.Expr, function: str) -> Iterator[tuple[str, str]]:
    """Each selector's metric, with the function that is called on it."""
    match node:
        case promql.VectorSelector():
            yield node.name or "", function
        case promql.MatrixSelector():
            yield node.vector_selector.name or "", function
        case promql.Call():
            for each in node.args:
                yield from _selectors(each, node.func.name)
        case promql.BinaryExpr():
            yield from _selectors(node.lhs, function)
            yield from _selectors(node.rhs, function)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _selectors(node.expr, function)
        case _:  # a number or a text
            return
