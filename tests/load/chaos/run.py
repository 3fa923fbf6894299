"""One fault, from the first harm to the audit."""

import time

from traffic.audit import Finding, audit

from chaos.alerts import AlertWatch
from chaos.fault import Fault
from chaos.report import failures
from chaos.row import Row
from chaos.scene import Scene
from local.console import say
from local.errors import UserError

BEFORE_SECONDS = 10
AFTER_SECONDS = 15


class Run:
    """Strikes with one fault after the other, and remembers what the audit has found."""

    def __init__(self, scene: Scene, alerts: AlertWatch) -> None:
        self._scene, self._alerts = scene, alerts
        self._found: set[Finding] = set()

    def strike(self, fault: Fault) -> Row:
        """Break, heal, wait until the stack is whole, and audit everything that was acknowledged so far.

        Raises UserError when the stack is not whole before; it is left alone then.
        """
        self._scene.traffic.check()
        self._scene.wait_until_whole(60)
        time.sleep(BEFORE_SECONDS)
        say(f"{fault.name}: {fault.what}")
        began = time.time()
        try:
            fault.inject(self._scene)
            self._hold(fault, began)
        finally:
            fault.heal(self._scene)
        whole_after = None
        try:
            self._scene.wait_until_whole(fault.whole_seconds)
            whole_after = time.time() - began
        except UserError as error:
            say(f"{fault.name}: {error}")
        time.sleep(AFTER_SECONDS)
        row = self._row(fault, began, whole_after)
        say(
            f"{fault.name}: {len(row.sent)} requests, {len(row.failed)} failed, {row.retried} retried; "
            f"whole after {whole_after or -1:.0f} s; alerts: {', '.join(each.name for each in row.alerts) or 'none'}"
        )
        for line in (failures(row), *row.problems):
            if line:
                say(f"{fault.name}: {line}")
        return row

    def _hold(self, fault: Fault, began: float) -> None:
        """Let it last as long as it must, and then until its alert fires, though no longer than it may."""
        while (lasted := time.time() - began) < fault.seconds or (
            fault.alert and lasted < fault.alert_seconds and not self._alerts.firing(fault.alert, began)
        ):
            time.sleep(1)

    def _row(self, fault: Fault, began: float, whole_after: float | None) -> Row:
        sent = self._scene.traffic.sent()
        findings = [each for each in audit(sent, self._scene.registry()) if each not in self._found]
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
        )
