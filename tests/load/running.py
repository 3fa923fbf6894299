"""The running stack's database: asked as its superuser, and what registry and ledger hold of a run."""

import subprocess
from dataclasses import dataclass

from cluster_stack import Kubectl
from traffic.registry import Registry, read_registry

CLUSTER, DATABASE = "web4-identity-db", "web4_identity_db"


@dataclass(frozen=True)
class Running:
    """The stack, and a run's societies in it.

    Attributes:
        kubectl: on the stack's cluster and namespace.
        run: what the run's societies are called after.
    """

    kubectl: Kubectl
    run: str

    def primary(self) -> str:
        """Return the pod of the database's primary."""
        return str(self.kubectl.json("get", "cluster", CLUSTER)["status"]["currentPrimary"])

    def sql(self, statement: str) -> str:
        """Return what the primary answers its superuser."""
        psql = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--quiet", f"--dbname={DATABASE}")
        command = (*psql, "--set=ON_ERROR_STOP=1", f"--command={statement}")
        return self.kubectl("exec", self.primary(), "--container=postgres", "--", *command).strip()

    def registry(self) -> Registry:
        """Return what the run's societies hold now."""
        return read_registry(self.run, self.sql, self._violations)

    def _violations(self) -> list[str]:
        words = ("exec", "deployment/web4-identity", "--", "web4-identity", "ledger", "verify")
        done = subprocess.run(
            [*self.kubectl.words, "--namespace=web4", *words], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return []
        return [line for line in done.stderr.splitlines() if line.startswith("web4-identity: ")] or [done.stderr]
