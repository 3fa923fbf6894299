"""One fault, from the first harm to the audit."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from traffic.audit import Finding, audit

from chaos.alerts import AlertWatch
from chaos.fault import Fault
from chaos.report import failures
from chaos.row import Row
from chaos.scene import Scene, wait_until
from local.errors import UserError
from local.progress import say

BEFORE_SECONDS = 10
STEADY_SECONDS = 120
OVER_SECONDS = 420
# What commands of ours raise, and kubectl's.
_WENT_WRONG = (UserError, AssertionError, subprocess.SubprocessError)
AFTER_SECONDS = 15


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let neither Ctrl+C nor SIGTERM end what heals: half of it would be worse than the fault."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Run:
    """Strikes with one fault after the other, and remembers what the audit has found."""

    def __init__(self, scene: Scene, alerts: AlertWatch) -> None:
        self._scene, self._alerts = scene, alerts
        self._found: set[Finding] = set()

    def strike(self, fault: Fault) -> Row:
        """Break, heal, wait until the stack is whole, and audit everything that was acknowledged so far.

        Raises UserError when the stack is not whole before, or fails without a fault; it is left alone then.
        """
        self._scene.traffic.check()
        self._scene.wait_until_whole(STEADY_SECONDS)
        wait_until(self._steady, f"{BEFORE_SECONDS} s without a failed request, and without a fault", STEADY_SECONDS)
        # An earlier fault may have raised it as well: then this one could not.
        wait_until(lambda: not self._alerts.firing(fault.alert), f"{fault.alert} is over", OVER_SECONDS)
        say(f"{fault.name}: {fault.what}")
        began, problem = time.time(), ""
        try:
            try:
                fault.prepare(self._scene)
                began = time.time()
                fault.inject(self._scene)
                self._hold(fault, began, fault.seconds, fault.alert_seconds)
            finally:
                with _uninterrupted():
                    fault.heal(self._scene)
        except _WENT_WRONG as error:
            problem = _told(fault, "could not be done", error)
        whole_after = None
        try:
            self._scene.wait_until_whole(fault.whole_seconds)
            whole_after = time.time() - began
        except UserError as error:
            say(f"{fault.name}: {error}")
        time.sleep(AFTER_SECONDS)
        self._hold(fault, began, 0, fault.late_seconds)
        row = self._row(fault, began, whole_after, problem)
        say(
            f"{fault.name}: {len(row.sent)} requests, {len(row.failed)} failed, {row.retried} retried; "
            f"whole after {whole_after or -1:.0f} s; alerts: {', '.join(each.name for each in row.alerts) or 'none'}"
        )
        for line in (failures(row), *row.problems):
            if line:
                say(f"{fault.name}: {line}")
        return row

    def _steady(self) -> bool:
        sent = [each for each in self._scene.traffic.sent() if each.until > time.time() - BEFORE_SECONDS]
        return bool(sent) and all(each.ok for each in sent)

    def _hold(self, fault: Fault, began: float, least: float, most: float) -> None:
        """Wait until it has lasted `least` seconds, and then for its alert, though no longer than `most`."""
        while (lasted := time.time() - began) < least or (
            fault.alert and lasted < most and not self._alerts.fired(fault.alert, began)
        ):
            time.sleep(1)

    def _row(self, fault: Fault, began: float, whole_after: float | None, problem: str) -> Row:
        sent, findings = self._scene.traffic.sent(), []
        try:
            findings = [each for each in audit(sent, self._scene.registry()) if each not in self._found]
        except AssertionError as error:  # there is no primary to ask
            problem = f"{problem} {_told(fault, 'could not be audited', error)}".strip()
        self._found.update(findings)
        return Row(
            fault.name,
            fault.what,
            began,
            [each for each in sent if each.until >= began],
            whole_after,
            self._alerts.since(began),
            fault.alert,
            fault.silent,
            fault.no_failure,
            findings,
            problem,
        )


def _told(fault: Fault, what: str, error: Exception) -> str:
    """Say all of an error, and return what has room in a page."""
    say(f"{fault.name}: {what}: {error}")
    return f"{what}: {str(error).splitlines()[0][:200]}"
