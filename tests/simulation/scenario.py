"""What happens to the stack, step by step, and what should come of it.

Each step gives a Row for each thing that it looks at; a wrong one does not end the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from tests.simulation.nodes import ZONES, bring_back, lose
from tests.simulation.view import NAMESPACE, View, even, zone_of

IDENTITY, EDGE, REDIS = "web4-identity", "web4-edge", "redis"
SERVICES = {IDENTITY: "web4-identity-service", EDGE: "web4-edge"}
POSTGRES = "cnpg.io/cluster=web4-identity-db"
STAND_INS = {
    "Postgres (stand-in)": POSTGRES,
    "Prometheus (stand-in)": "app.kubernetes.io/name=prometheus",
    "Alertmanager (stand-in)": "app.kubernetes.io/name=alertmanager",
}
LITTLE, SOME, MUCH = 0.3, 1.38, 6.0
"""Cores of load on the identity service: what fewer than 3 pods carry at 70 % of the 0.25 they ask for, what 8 do, and
more than 10 can."""


@dataclass(frozen=True)
class Row:
    """One line of the table: what was looked at, what should be, what was there, and whether it is that."""

    what: str
    should: str
    seen: str
    ok: bool


def scenario(view: View) -> Iterator[Row]:
    """Everything, in its order."""
    yield from _placed(view)
    yield from _scaled(view, "the identity service uses 1.38 cores", SOME, 8)
    for app in (IDENTITY, EDGE):
        yield from _drained(view, app)
    zone = zone_of(view.ready(REDIS)[0])
    yield from _zone_lost(view, zone)
    yield from _scaled(view, f"it uses 6 cores, {zone} still lost", MUCH, 10, lost=zone)
    yield from _rolled(view, f"a new version, {zone} still lost", lost=zone)
    bring_back(view.client, zone)
    yield from _rolled(view, f"{zone} is back, a new version")
    view.load[IDENTITY] = LITTLE
    view.settled(lambda: view.complete(IDENTITY, 3))
    yield _row(
        "it uses 0.3 cores",
        "3 pods, in whatever zones",
        f"{len(view.ready(IDENTITY))} in zones {view.spread(IDENTITY)}",
        "3 in",
    )


def _placed(view: View) -> Iterator[Row]:
    for app in SERVICES:
        view.settled(partial(view.complete, app, 3))
        nodes = {pod["spec"]["nodeName"] for pod in view.ready(app)}
        yield _row(f"{app} placed", "1 in each zone", f"{view.spread(app)} on {len(nodes)} nodes", "[1, 1, 1] on 3")
    for name, label in STAND_INS.items():
        count = 2 if "Prometheus" in name else 3
        view.settled(partial(_as_many, view, label, count))
        spread = view.spread(label)
        yield Row(f"{name} placed", f"{count} in {count} zones", str(spread), sorted(spread)[-count:] == [1] * count)
    view.settled(lambda: bool(view.ready(REDIS)))


def _scaled(view: View, what: str, cores: float, count: int, lost: str = "") -> Iterator[Row]:
    view.load[IDENTITY] = cores
    view.settled(lambda: view.complete(IDENTITY, count))
    yield _evenly(view, what, IDENTITY, lost, count)


def _drained(view: View, app: str) -> Iterator[Row]:
    """Evictions while no node takes a pod, so that what is evicted is missing for as long as we look."""
    before = len(view.ready(app))
    view.client.run("cordon", "--selector=simulation")
    first, second = view.ready(app)[:2]
    allowed = view.client.evict(first)
    view.settled(lambda: len(view.pods(app)) == before and len(view.ready(app)) == before - 1)
    refused = not view.client.evict(second)
    yield Row(f"{app}: a pod evicted of {before}", "allowed", _word(allowed), allowed)
    yield Row(f"{app}: another, while its successor waits", "refused", _word(not refused), refused)
    waiting = next((pod for pod in view.pods(app) if "nodeName" not in pod["spec"]), None)
    unready = waiting is not None and view.client.evict(waiting)
    yield Row(f"{app}: the successor itself, which serves nobody", "allowed", _word(unready), unready)
    view.client.run("uncordon", "--selector=simulation")
    view.settled(lambda: len(view.ready(app)) == before)
    again = view.client.evict(second)
    yield Row(f"{app}: the other, once all {before} serve", "allowed", _word(again), again)
    view.settled(lambda: len(view.ready(app)) == before == len(view.pods(app)))


def _zone_lost(view: View, zone: str) -> Iterator[Row]:
    view.settled(lambda: view.complete(IDENTITY, 8) and view.complete(EDGE))
    before = {app: view.spread(app) for app in SERVICES}
    lose(view.client, zone)
    for app, service in SERVICES.items():
        view.settled(partial(_left, view, service, zone))
        left = view.endpoints(service)
        most, fewest = sum(before[app]), sum(before[app]) - before[app][ZONES.index(zone)]
        seen = f"{len(left)} of {most}, {left.count(zone)} there"
        yield Row(
            f"{zone} falls silent: {app}'s endpoints",
            f"{fewest} or more, none there",
            seen,
            len(left) >= fewest and zone not in left,
        )
    other = next(pod for pod in view.ready(IDENTITY) if zone_of(pod) != zone)
    refused = not view.client.evict(other)
    yield Row(f"{IDENTITY}: an eviction in another zone meanwhile", "refused", _word(not refused), refused)
    postgres = sum(zone_of(pod) != zone for pod in view.ready(POSTGRES))
    yield Row("Postgres (stand-in) in living zones", "2 of 3 at least", f"{postgres} of 3", postgres >= 2)
    for app in SERVICES:
        view.settled(partial(view.complete, app))
        yield _evenly(view, f"{zone}'s pods are given up: {app}", app, zone)
    view.settled(lambda: bool(view.ready(REDIS)))
    where = [zone_of(pod) for pod in view.ready(REDIS)]
    yield Row("Redis, which stood there", "1 in another zone", str(where), len(where) == 1 and where[0] != zone)


def _rolled(view: View, what: str, lost: str = "") -> Iterator[Row]:
    for app in SERVICES:
        old = view.names(app)
        view.client.run("rollout", "restart", f"deployment/{app}", f"--namespace={NAMESPACE}")
        view.settled(partial(_replaced, view, app, old))
        row = _evenly(view, f"{what}: {app}", app, lost)
        kept = len(old & view.names(app))
        yield Row(row.what, row.should, f"{row.seen}, {kept} old", row.ok and not kept)


def _as_many(view: View, app: str, count: int) -> bool:
    return len(view.ready(app)) == count


def _left(view: View, service: str, zone: str) -> bool:
    return zone not in view.endpoints(service)


def _replaced(view: View, app: str, old: set[str]) -> bool:
    return view.complete(app) and not old & view.names(app)


def _evenly(view: View, what: str, app: str, lost: str, count: int = 0) -> Row:
    """All pods it wants, no zone with two more than another, none in the lost zone, none that waits for a node."""
    wanted, spread, waiting = count or view.wanted(app), view.spread(app), len(view.pods(app)) - len(view.ready(app))
    living = [number for zone, number in zip(ZONES, spread, strict=True) if zone != lost]
    ok = sum(living) == sum(spread) == wanted and even(living) and not waiting
    where = "two zones" if lost else "three zones"
    return Row(what, f"{wanted}, even over {where}", f"{spread}, {waiting} waiting", ok)


def _row(what: str, should: str, seen: str, begins: str) -> Row:
    return Row(what, should, seen, seen.startswith(begins))


def _word(allowed: bool) -> str:
    return "allowed" if allowed else "refused"
