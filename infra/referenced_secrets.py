"""The Secrets that a stack refers to by name and does not make; certificates are cert-manager's, and not among them."""

from collections.abc import Iterator

from infra.components.database import APP_ROLE, READER_ROLE
from infra.frozen import Frozen
from infra.settings import Settings


class ReferencedSecret(Frozen):
    """One Secret, as whoever makes it must make it."""

    name: str
    role: str | None = None
    """The Postgres role that it is the password of: its `username`, which CloudNativePG compares."""

    @property
    def type(self) -> str:
        """The Secret's type."""
        return "kubernetes.io/basic-auth" if self.role else "Opaque"

    @property
    def labels(self) -> dict[str, str]:
        """What CloudNativePG knows a Secret by whose password it takes up when that changes."""
        return {"cnpg.io/reload": "true"} if self.role else {}


def referenced_secrets(settings: Settings) -> Iterator[ReferencedSecret]:
    """Each of them, in the settings' order."""
    database, redis, monitoring = settings.database, settings.redis, settings.monitoring
    if database.app_secret_name:
        yield ReferencedSecret(name=database.app_secret_name, role=APP_ROLE)
    if database.reader_secret_name:
        yield ReferencedSecret(name=database.reader_secret_name, role=READER_ROLE)
    if database.external:
        yield ReferencedSecret(name=database.external.secret_name)
    if settings.backup and settings.backup.credentials_secret_name:
        yield ReferencedSecret(name=settings.backup.credentials_secret_name)
    if redis.secret_name:
        yield ReferencedSecret(name=redis.secret_name)
    if monitoring.remote_write and monitoring.remote_write.secret_name:
        yield ReferencedSecret(name=monitoring.remote_write.secret_name)
    for receiver in monitoring.receivers.values():
        yield ReferencedSecret(name=receiver.secret_name)
