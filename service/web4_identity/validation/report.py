"""Show the results: a table for people, JSON for machines."""

import time
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, push_to_gateway

from web4_identity.validation.attack import Result

BYPASS = "BYPASS"
JOB = "web4-security-gate"
"""The Pushgateway's name for what is pushed."""


def verdict(result: Result) -> str:
    """One word for a result."""
    if result.outcome is None:
        return "NOT RUN"
    return "defended" if result.outcome.defended else BYPASS


def bypassed(results: list[Result]) -> list[str]:
    """The names of the attacks that got through."""
    return [result.attack.name for result in results if verdict(result) == BYPASS]


def push(gateway: str, results: list[Result]) -> None:
    """Tell a Pushgateway at the URL `gateway` how a whole run ended, in the place of the run before.

    Raises OSError when it cannot be reached or refuses.
    """
    registry = CollectorRegistry()
    for name, text, value in (
        ("attacks", "Attacks of the last completed security validation.", len(results)),
        ("bypasses", "Attacks of it that got through.", len(bypassed(results))),
        ("timestamp_seconds", "When it ended, in Unix time.", time.time()),
    ):
        Gauge(f"web4_security_gate_{name}", text, registry=registry).set(value)
    push_to_gateway(gateway, job=JOB, registry=registry)


def as_lines(results: list[Result]) -> list[str]:
    """The table by class, the bypass rate, and last, for whoever is shown a log's end, what got through."""
    rows = [
        (result.attack.name, result.attack.expected, result.outcome.got if result.outcome else "-", verdict(result))
        for result in results
    ]
    widths = [min(58, max(len(row[column]) for row in rows)) for column in range(3)]
    by_class: dict[str, list[tuple[str, str, str, str]]] = {}
    for result, row in zip(results, rows, strict=True):
        by_class.setdefault(result.attack.klass, []).append(row)
    lines = []
    for klass, members in by_class.items():
        lines += ["", klass]
        for row in members:
            # A bypass is shown in full, whatever it does to the columns.
            cells = [
                (cell if row[3] == BYPASS or len(cell) <= width else cell[: width - 3] + "...").ljust(width)
                for cell, width in zip(row, widths, strict=False)
            ]
            lines.append("  " + "  ".join([*cells, row[3]]))
    through = bypassed(results)
    return [*lines, "", _summary(results), *([f"got through: {', '.join(through)}"] if through else [])]


def as_json(results: list[Result], seconds: float) -> dict[str, Any]:
    """All of it, for machines."""
    return {
        "attacks": len(results),
        "bypasses": sum(verdict(result) == BYPASS for result in results),
        "not_run": sum(result.outcome is None for result in results),
        "seconds": round(seconds, 1),
        "results": [
            {
                "class": result.attack.klass,
                "attack": result.attack.name,
                "sends": result.attack.sends,
                "expected": result.attack.expected,
                "got": result.outcome.got if result.outcome else None,
                "verdict": verdict(result),
            }
            for result in results
        ],
    }


def _summary(results: list[Result]) -> str:
    words = [verdict(result) for result in results]
    bypasses, missing = words.count(BYPASS), words.count("NOT RUN")
    rate = 100 * bypasses / len(words)
    return f"{len(words)} attacks, {bypasses} bypasses ({rate:.1f} %)" + (f", {missing} not run" if missing else "")
