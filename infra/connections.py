"""How many connections Postgres is asked for, against how many it takes."""

from collections.abc import Iterator

from infra.settings import IdentitySettings, Settings

READERS = 10
"""Connections of the role that reads alone."""

OTHERS = 10
"""The migrations', the operator's own, and the three that Postgres keeps for superusers."""


def app_connections(identity: IdentitySettings) -> int:
    """The most that the service holds: the pods that a rollout ends keep theirs while the new ones open their own."""
    return 2 * (identity.max_replicas or identity.replicas) * identity.db_pool_size


def too_many(settings: Settings) -> Iterator[str]:
    """One `key: reason` if the stack's own Postgres would refuse some of them."""
    if settings.database.external:
        return
    service, most = app_connections(settings.identity), settings.database.max_connections
    needed = service + READERS + OTHERS
    if needed > most:
        yield (
            f"database.max_connections: {most}, fewer than {needed}: {service} for the service (twice its most "
            f"replicas times identity.db_pool_size), {READERS + OTHERS} for all others"
        )
