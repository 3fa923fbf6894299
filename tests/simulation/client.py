"""kubectl on the simulated cluster."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from local.console import capture
from local.errors import UserError
from local.paths import BIN

TOO_MANY_REQUESTS = "TooManyRequests"
"""What the API server answers to an eviction that a disruption budget forbids (kubernetes.io, API-initiated
eviction)."""


class Client:
    """Its administrator."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubectl: list[str | Path] = [BIN / "kubectl", f"--kubeconfig={kubeconfig}"]

    def run(self, *words: str, stdin: str = "") -> str:
        """What kubectl printed; raises UserError with what it said if it failed."""
        return capture([*self._kubectl, *words], stdin=stdin)

    def raw(self, path: str) -> str:
        """What the API answered at `path`."""
        return self.run("get", "--raw", path)

    def apply(self, objects: Iterable[dict[str, Any]]) -> None:
        """Create or change objects, in their order."""
        self.run("apply", "--server-side", "--filename=-", stdin=yaml.safe_dump_all(objects))

    def list(self, kind: str, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
        """The objects of a kind."""
        where = [f"--namespace={namespace}"] if namespace else []
        answer = json.loads(self.run("get", kind, *where, f"--selector={selector}", "--output=json"))
        return list(answer["items"])

    def evict(self, pod: dict[str, Any]) -> bool:
        """Ask for a pod to be evicted, as `kubectl drain` does; False where a disruption budget forbids it."""
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
        }
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
        done = subprocess.run(
            [*self._kubectl, "create", "--raw", path, "--filename=-"],
            input=json.dumps(eviction),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and TOO_MANY_REQUESTS not in done.stderr:
            raise UserError(f"eviction of {name}: {done.stderr.strip()}")
        return done.returncode == 0
