"""What the parts of a stack say, as kubectl has it."""

import json
import re
import subprocess

from infra.components import database, edge, gate, identity, redis
from local.errors import UserError
from local.place import Place

LINES = 100  # of each container, unless a time is said
SELECTORS = {
    "service": f"app={identity.APP}",
    "edge": f"app={edge.NAME}",
    "database": f"cnpg.io/cluster={database.CLUSTER},cnpg.io/podRole=instance",
    "redis": f"app={redis.APP}",
    "prometheus": "app.kubernetes.io/name=prometheus",
    "alertmanager": "app.kubernetes.io/name=alertmanager",
    "gate": f"app={gate.APP}",
}


# What kubectl puts before a line with --prefix and --timestamps. A container whose log is gone has no time.
_PREFIX = re.compile(r"\[pod/(?P<pod>[^/]+)/(?P<container>[^]]+)\] (?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z) ?)?")


def show(place: Place, part: str, *, follow: bool, since: str, as_json: bool = False) -> None:
    """Print the logs of all pods of a part to standard output.

    Args:
        place: the stack.
        part: one of `SELECTORS`.
        follow: go on until Ctrl-C.
        since: from so long ago on, such as 10m; empty is the last lines.
        as_json: print an object for each line, as `entry` makes it.

    Raises:
        UserError: it has no pod, or kubectl failed.
    """
    selector = f"--selector={SELECTORS[part]}"
    pods = place.kubectl("get", "pods", selector, "--output=name").split()
    if not pods:
        raise UserError(f"stack {place.stack} has no pod of {part}: it is elsewhere, not made yet, or scaled to 0.")
    words = ["logs", selector, "--all-containers", "--prefix", f"--max-log-requests={2 * len(pods) + 10}"]
    words += [f"--since={since}", "--tail=-1"] if since else [f"--tail={LINES}"]
    words += ["--timestamps"] if as_json else []
    words += ["--follow"] if follow else []
    command = place.command(*words)
    try:
        code = _print_entries(command) if as_json else subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        if not follow:
            raise
        return  # as it is meant to end
    if code:
        raise UserError(f"the logs of {part} ended with an error (above).")


def entry(line: str) -> dict[str, str | None]:
    """Return a line of `kubectl logs --prefix --timestamps` in its parts.

    Returns:
        pod, container, time (RFC 3339, of the container runtime) and line, which is the rest. What it lacks is None.
    """
    found = _PREFIX.match(line)
    parts = found.groupdict() if found else dict.fromkeys(_PREFIX.groupindex)
    return {**parts, "line": line[found.end() :] if found else line}


def _print_entries(command: list[str]) -> int:
    """Run kubectl, print each of its lines as JSON as soon as it is there, and return kubectl's exit code."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as kubectl:
        try:
            for line in kubectl.stdout or ():
                print(json.dumps(entry(line.decode(errors="replace").rstrip("\n"))), flush=True)
        except BaseException:  # Ctrl-C, or whoever read this is gone
            kubectl.terminate()
            raise
    return kubectl.returncode
