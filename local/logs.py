"""What the parts of a stack say, as kubectl has it."""

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


def show(place: Place, part: str, *, follow: bool, since: str) -> None:
    """Print the logs of all pods of a part to standard output.

    Args:
        place: the stack.
        part: one of `SELECTORS`.
        follow: go on until Ctrl-C.
        since: from so long ago on, such as 10m; empty is the last lines.

    Raises:
        UserError: it has no pod, or kubectl failed.
    """
    selector = f"--selector={SELECTORS[part]}"
    pods = place.kubectl("get", "pods", selector, "--output=name").split()
    if not pods:
        raise UserError(f"stack {place.stack} has no pod of {part}: it is elsewhere, not made yet, or scaled to 0.")
    words = ["logs", selector, "--all-containers", "--prefix", f"--max-log-requests={2 * len(pods) + 10}"]
    words += [f"--since={since}", "--tail=-1"] if since else [f"--tail={LINES}"]
    words += ["--follow"] if follow else []
    try:
        code = subprocess.run(place.command(*words), check=False).returncode
    except KeyboardInterrupt:
        if not follow:
            raise
        return  # as it is meant to end
    if code:
        raise UserError(f"the logs of {part} ended with an error (above).")
