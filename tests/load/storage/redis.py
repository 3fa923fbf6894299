"""Bytes of the service's keys in Redis."""

import statistics
from collections.abc import Sequence

from cluster_stack import Kubectl

from infra.components.redis import CA_KEY, PORT, TLS_FOLDER
from storage.model import KINDS, Keys, of_kind

SAMPLE = 200
"""Of so many keys of each kind the bytes are asked for."""


def keys(kubectl: Kubectl) -> dict[str, Keys]:
    """Return the keys that are there now, by kind; of a kind that has none nothing."""
    there = _ask(kubectl, ["--scan"])
    return {kind: _sampled(kubectl, kind, found) for kind in KINDS if (found := of_kind(kind, there))}


def _sampled(kubectl: Kubectl, kind: str, names: Sequence[str]) -> Keys:
    some = names[:SAMPLE]
    sizes = _numbers(_ask(kubectl, [], *(f"MEMORY USAGE {name}" for name in some)))
    lengths = [] if kind == "nonce" else _numbers(_ask(kubectl, [], *(f"LLEN {name}" for name in some)))
    return Keys(len(names), statistics.mean(sizes), statistics.mean(lengths or [1]))


def _numbers(lines: Sequence[str]) -> list[int]:
    """Those of the keys that have not expired meanwhile."""
    return [int(line) for line in lines if line.isdigit() and line != "0"]


def _ask(kubectl: Kubectl, words: Sequence[str], *commands: str) -> list[str]:
    """What Redis's own client answers; it has the password in its environment."""
    client = ("redis-cli", "-p", str(PORT), "--tls", "--cacert", f"{TLS_FOLDER}/{CA_KEY}", *words)
    stdin = "".join(f"{command}\n" for command in commands)
    return kubectl("exec", "--stdin", "deployment/redis", "--", *client, stdin=stdin).splitlines()
