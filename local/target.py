"""Which cluster the stack goes to: the embedded one, or the user's that KUBE_CONTEXT names."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.cluster import layout
from local.console import capture
from local.paths import BIN, KUBECONFIG


@dataclass(frozen=True)
class Target:
    """A cluster and how to reach it.

    Attributes:
        kubeconfig: file to reach it with.
        context: the context in it.
        embedded: whether it is the cluster of this machine, made by us.
    """

    kubeconfig: Path
    context: str
    embedded: bool

    def command(self, *words: str) -> list[str]:
        """Return the command line of kubectl on this cluster."""
        program = shutil.which("kubectl", path=f"{BIN}:{os.environ['PATH']}") or "kubectl"
        return [program, f"--kubeconfig={self.kubeconfig}", f"--context={self.context}", *words]

    def kubectl(self, *words: str, stdin: str = "") -> str:
        """Run kubectl on this cluster and return what it printed; raises UserError if it fails."""
        return capture(self.command(*words), stdin=stdin)

    def address(self) -> str:
        """Return the address of one of its nodes, where NodePorts answer."""
        if self.embedded:
            return layout.NODE_IP
        path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}'
        return self.kubectl("get", "nodes", f"--output=jsonpath={path}")


def target() -> Target:
    """Return the cluster that KUBE_CONTEXT names, or the embedded one."""
    context = os.environ.get("KUBE_CONTEXT", "")
    if not context:
        return Target(KUBECONFIG, layout.NAME, embedded=True)
    kubeconfig = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return Target(Path(kubeconfig), context, embedded=False)
