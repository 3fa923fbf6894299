"""What Prometheus alone knows: alerts, error budgets, ATP, and whether the service reaches its stores."""

from collections.abc import Iterator

from local.prometheus import Alert, Prometheus
from local.status.model import Row
from local.times import age, since
from monitoring.slo import SLOS, TIERS, Slo

HEARTBEAT = "Watchdog"  # fires for as long as rules are evaluated
HARMLESS = "info"  # the severity of what is worth a look and not a call
SOCIETIES_SHOWN = 3


def stores(prometheus: Prometheus) -> list[Row]:
    """Return whether each replica of the service reaches what it stands on."""
    found = prometheus.vector("min by (dependency) (web4_identity_dependency_up)")
    rows = [
        Row(f"{labels['dependency']} reached", "yes" if up else "NOT by every replica", bool(up), {"up": bool(up)})
        for labels, up in found
    ]
    return rows or [Row("stores reached", "not known: no replica was scraped", None)]


def alerts(prometheus: Prometheus) -> list[Row]:
    """Return a row for each alert that fires, the gravest and oldest first."""
    found = prometheus.alerts()
    beating = any(each.name == HEARTBEAT and each.state == "firing" for each in found)
    own = [each for each in found if each.name != HEARTBEAT]
    firing = sorted((each for each in own if each.state == "firing"), key=_gravity)
    rows = [_alert(each) for each in firing] or [Row("none fires", f"{len(own)} pending", figures={"firing": 0})]
    if not beating:
        rows.insert(0, Row(HEARTBEAT, "does NOT fire: nobody evaluates the rules", False))
    return rows


def _gravity(alert: Alert) -> tuple[int, float]:
    order = ("critical", "warning", "info")
    rank = order.index(alert.severity) if alert.severity in order else len(order)
    return rank, alert.began.timestamp()


def _alert(alert: Alert) -> Row:
    seconds = since(alert.began)
    figures = {
        "severity": alert.severity,
        "since_seconds": seconds,
        "summary": alert.summary,
        "runbook": alert.runbook,
        "labels": alert.labels,
    }
    text = f"{alert.severity} for {age(seconds)}: {alert.summary} ({alert.runbook})"
    return Row(alert.name, text, alert.severity == HARMLESS, figures)


def budgets(prometheus: Prometheus) -> list[Row]:
    """Return what is left of each error budget. Whether it is used up too fast is an alert's to say."""
    return [_budget(slo, prometheus) for slo in SLOS]


def _budget(slo: Slo, prometheus: Prometheus) -> Row:
    window = TIERS[-1].long
    bad = prometheus.number(f'slo:errors:ratio{window}{{slo="{slo.name}"}}')
    events = prometheus.number(f'slo:events:count{window}{{slo="{slo.name}"}}')
    if bad is None or not events:
        return Row(slo.name, f"no events in {window}", figures={"left": None, "events": 0, "window": window})
    left = 1 - bad / (1 - slo.objective)
    good = f"{1 - bad:.3%} of {events:.0f} good in {window}"
    enough = events >= slo.minimum
    text = f"{left:.0%} of the budget left: {good}" if enough else f"too few events to say: {good}"
    figures = {"left": left, "good": 1 - bad, "objective": slo.objective, "events": events, "window": window}
    return Row(slo.name, text, True, figures)


def economy(prometheus: Prometheus) -> list[Row]:
    """Return the ledger's last check, and the ATP in the societies' pools, the poorest first."""
    return [*_ledger(prometheus), *_pools(prometheus)]


def _ledger(prometheus: Prometheus) -> Iterator[Row]:
    imbalance = prometheus.number("max(abs(web4_identity_ledger_imbalance_atp))")
    checked = prometheus.number("time() - max(web4_identity_ledger_last_check_timestamp_seconds)")
    figures = {"imbalance_atp": imbalance, "checked_seconds_ago": checked}
    if imbalance is None or checked is None:
        yield Row("ledger", "not known: no replica was scraped", None, figures)
    elif imbalance:
        yield Row("ledger", f"off by {imbalance:.0f} ATP, checked {age(checked)} ago", False, figures)
    else:
        yield Row("ledger", f"balanced, checked {age(checked)} ago", True, figures)


def _pools(prometheus: Prometheus) -> Iterator[Row]:
    pools = {
        labels["society"]: atp for labels, atp in prometheus.vector("max by (society) (web4_identity_society_pool_atp)")
    }
    if not pools:
        return
    poorest = sorted(pools, key=pools.__getitem__)[:SOCIETIES_SHOWN]
    least = ", ".join(f"{name} {pools[name]:.0f}" for name in poorest)
    text = f"{sum(pools.values()):.0f} ATP left for grants; societies, the poorest first: {least}"
    text += ", …" if len(pools) > SOCIETIES_SHOWN else ""
    yield Row("pools", text, True, {"atp": sum(pools.values()), "societies": pools})
