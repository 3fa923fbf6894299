"""Which cluster the stack goes to: the embedded one, or the user's that KUBE_CONTEXT names."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.cluster import layout
from local.console import capture
from local.errors import UserError
from local.paths import BIN, KUBECONFIG

ANSWER_SECONDS = 10


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
        return capture(self.command(*words), stdin=stdin, shown=f"kubectl {' '.join(words)}")

    def check(self) -> None:
        """Raise UserError with what to do if the cluster does not answer."""
        try:
            self.kubectl(f"--request-timeout={ANSWER_SECONDS}s", "get", "--raw", "/readyz")
        except UserError as error:
            reason = str(error).strip().splitlines()[-1]
            if self.embedded:
                raise UserError(f"the embedded cluster does not answer ({reason}): start it with `make up`.") from None
            raise UserError(
                f"context {self.context} (in {self.kubeconfig}) cannot be reached: {reason}. Check the name with "
                "`kubectl config get-contexts`; KUBE_CONTEXT names another, none the embedded cluster for stack local."
            ) from None

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
