"""kubectl on the embedded cluster, as its administrator."""

from local.console import capture
from local.paths import BIN, KUBECONFIG


def kubectl(*words: str, stdin: str = "") -> str:
    """Run kubectl and return what it printed; raises UserError with what it said if it fails."""
    return capture([BIN / "kubectl", f"--kubeconfig={KUBECONFIG}", *words], stdin=stdin)
