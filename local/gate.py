"""The security gate on the running stack: attack it through its TLS edge (guide, Security Validation)."""

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import credentials, stack
from local.cluster import layout
from local.console import capture
from local.target import Target

# With fewer client addresses the attacks wait for the limit per address; past these they wait for the payer's.
ADDRESSES = [f"10.89.0.{last}" for last in range(200, 225)]


def validate(where: Target, words: list[str]) -> int:
    """Run `web4-identity validate` against the edge and return its exit code: 0 means that no attack passed.

    It mints into a society founded for this run, whose ledger stays: the attacks make nobody else's mints dearer.

    Args:
        where: the cluster that the stack runs on.
        words: further options of the command, such as `--json`.

    Raises:
        UserError: the stack does not run.
    """
    society = f"gate-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="web4-gate-") as folder:
        key = Path(folder) / "caller.pem"
        made = capture([credentials.service_cli(), "keygen", "--out", key])
        public_key = dict(line.split(": ") for line in made.splitlines())["public_key"]
        genesis = ("genesis", f"--genesis-society={society}", f"--genesis-public-key={public_key}")
        where.kubectl("--namespace=web4", "exec", "deployment/web4-identity", "--", "web4-identity", *genesis)
        url = f"https://{where.address()}:{stack.outputs()['edge_node_port']}"
        # Not on standard output, which with --json is for programs.
        print(f"attacking {url} as society {society}", file=sys.stderr)
        with _own_addresses(where) as addresses:
            command: list[str | Path] = [
                credentials.service_cli(),
                "validate",
                f"--url={url}",
                f"--ca-file={credentials.EDGE_CA}",
                f"--caller-key={key}",
                f"--society={society}",
                *(f"--source-address={address}" for address in addresses),
                *words,
            ]
            return subprocess.run(command, check=False).returncode


@contextmanager
def _own_addresses(where: Target) -> Iterator[list[str]]:
    """Give this machine's end of the embedded cluster's link more addresses; elsewhere there is only its own."""
    added: list[str] = []
    try:
        for address in ADDRESSES if where.embedded else ():
            capture(["ip", "address", "replace", f"{address}/32", "dev", layout.HOST_LINK])
            added.append(address)
        yield added
    finally:
        for address in added:
            capture(["ip", "address", "delete", f"{address}/32", "dev", layout.HOST_LINK])
