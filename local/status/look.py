"""Ask about every part of a stack."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from local.cluster import lifecycle
from local.errors import UserError
from local.place import Place, place
from local.prometheus import Prometheus, asked
from local.status import certificates, postgres, watched, workloads
from local.status.model import Row, Section, Status, section, unknown

Find = Callable[[Prometheus], list[Row]]


def look(name: str) -> Status:
    """Return how the stack `name` is. What cannot be asked is a row that says why.

    Raises:
        UserError: there is no such stack, or its cluster, not being the embedded one, does not answer.
    """
    found = place(name, check=False)
    node = (section("node", _node),) if found.where.embedded else ()
    try:
        found.where.check()
    except UserError as error:
        if not node:
            raise
        return _status(found, (*node, Section("cluster", (unknown("Kubernetes", error),))))
    return _status(found, (*node, *_parts(found)))


def _status(place: Place, sections: tuple[Section, ...]) -> Status:
    return Status(place.stack, place.where.context, datetime.now(UTC), sections)


def _parts(place: Place) -> tuple[Section, ...]:
    measured = _measured(
        place,
        {
            "database": lambda figures: [*postgres.replication(place, figures), *watched.stores(figures)],
            "backups": lambda figures: postgres.drill(place, figures),
            "alerts": watched.alerts,
            "slo": watched.budgets,
            "atp": watched.economy,
        },
    )
    return (
        section("pods", lambda: workloads.workloads(place)),
        _together(section("database", lambda: postgres.instances(place)), measured["database"]),
        _together(section("backups", lambda: postgres.backups(place)), measured["backups"]),
        section("certificates", lambda: certificates.certificates(place)),
        measured["alerts"],
        measured["slo"],
        measured["atp"],
    )


def _measured(place: Place, finds: dict[str, Find]) -> dict[str, Section]:
    """Return the sections that Prometheus is asked for, by title; without it each says so."""
    try:
        with asked(place) as prometheus:
            return {title: section(title, partial(find, prometheus)) for title, find in finds.items()}
    except UserError as error:
        return {title: Section(title, (unknown("Prometheus", error),)) for title in finds}


def _together(first: Section, second: Section) -> Section:
    return Section(first.title, first.rows + second.rows)


def _node() -> list[Row]:
    """The parts of the embedded cluster: those that are down, or one row that all run."""
    parts = lifecycle.status()
    down = [name for name, well in parts if not well]
    figures = {"parts": dict(parts)}
    if not down:
        return [Row("parts", f"all {len(parts)} run", True, figures)]
    return [Row("parts", f"DOWN: {', '.join(down)}; `make up` starts them", False, figures)]
