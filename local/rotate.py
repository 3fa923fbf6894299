"""`make rotate`: new passwords for the service's role in Postgres and for Redis, while requests are answered.

In three `pulumi up`, as docs/operations.md (Rotation) has it: whoever asks learns the next password before a store
wants it, and the previous one opens nothing at the end.
"""

from collections.abc import Callable, Sequence

from infra.components.database import APP_ROLE, APP_SECRET, CLUSTER
from local import credentials, stack
from local.images import build as images
from local.passwords import Password
from local.progress import say
from local.target import target

WAIT = "--timeout=5m"
PASSWORDS = {"database": credentials.DATABASE_PASSWORD, "redis": credentials.REDIS_PASSWORD}


def rotate() -> list[str]:
    """Replace both passwords, and return whose they are. After an interruption it goes on with the ones it had begun.

    Raises:
        UserError: there is no stack, or a `pulumi up` failed; running it again goes on from there.
    """
    stack.require()
    in_steps(list(PASSWORDS.values()), _up)
    say("rotated: both stores want their new passwords, and no pod knows an old one")
    return list(PASSWORDS)


def in_steps(passwords: Sequence[Password], up: Callable[[], None]) -> None:
    """Replace `passwords`, calling `up` after each of the three steps to bring the stack to what the files say."""
    for step in (Password.prepare, Password.switch, Password.forget):
        for password in passwords:
            step(password)
        up()


def _up() -> None:
    where = target()
    stack.configure(where, images.references())
    stack.up(refresh=False)
    namespace = f"--namespace={stack.outputs()['namespace']}"
    # Pulumi may be done before the last old pod is gone, and the operator takes up a password by itself.
    for name in ("redis", "web4-identity"):
        where.kubectl(namespace, "rollout", "status", f"deployment/{name}", WAIT)
    version = where.kubectl(namespace, "get", "secret", APP_SECRET, "--output=jsonpath={.metadata.resourceVersion}")
    taken_up = f"{{.status.managedRolesStatus.passwordStatus.{APP_ROLE}.resourceVersion}}"
    where.kubectl(namespace, "wait", f"cluster/{CLUSTER}", f"--for=jsonpath={taken_up}={version}", WAIT)
