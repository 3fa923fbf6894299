"""Who may do what in Postgres, besides the owner of the tables, whom migrations need alone.

Both roles are made by whoever runs the database (in the cluster its operator), with passwords that are no matter of
ours. Where one is missing nobody gets its rights, and the service may log in as the owner.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, Table, text

from web4_identity.db.engine import DatabaseUnavailable
from web4_identity.db.tables import (
    accounts,
    attestations,
    audit_entries,
    idempotency,
    lcts,
    ledger_entries,
    metadata,
    societies,
    standing,
)

APP = "web4_identity_app"
"""The service. It can take nothing back: it changes the columns below, and deletes old answers."""

READER = "web4_identity_read"
"""People and dashboards."""

# A lock on a row (SELECT ... FOR UPDATE, FOR SHARE) needs the right to update one of its columns.
_APP_RIGHTS = {
    societies: ("SELECT", "INSERT", "UPDATE (lct_count)"),
    lcts: ("SELECT", "INSERT", "UPDATE (revoked_at, revocation_reason)"),
    accounts: ("SELECT", "INSERT", "UPDATE (balance)"),
    ledger_entries: ("SELECT", "INSERT"),
    idempotency: ("SELECT", "INSERT", "DELETE"),
    attestations: ("SELECT", "INSERT"),
    standing: ("SELECT", "INSERT", "UPDATE (talent, training, temperament, actions, since)"),
    audit_entries: ("SELECT", "INSERT"),
}
_RIGHTS: dict[str, Mapping[Table, tuple[str, ...]]] = {
    APP: _APP_RIGHTS,
    READER: {table: ("SELECT",) for table in metadata.tables.values()},
}


class RoleMissing(DatabaseUnavailable):
    """A role that a migration was told to wait for is not there yet."""

    def __init__(self, role: str) -> None:
        super().__init__(f"it has no role {role}; make it, or leave out --wait-for-role {role}")


def require_roles(connection: Connection, roles: tuple[str, ...]) -> None:
    """Raise RoleMissing for the first of `roles` that the database does not have."""
    for role in roles:
        if not _exists(connection, role):
            raise RoleMissing(role)


def grant_rights(connection: Connection) -> None:
    """Give each role that there is its rights on the newest schema, as the tables' owner. Repeatable.

    Takes none away, as the release before still works beside it: a right that is needed no more is revoked by a
    revision of the release after.
    """
    schema = connection.scalar(text("SELECT current_schema()"))
    for role, rights in _RIGHTS.items():
        if not _exists(connection, role):
            continue
        connection.execute(text(f'GRANT USAGE ON SCHEMA "{schema}" TO {role}'))
        for table, granted in rights.items():
            connection.execute(text(f"GRANT {', '.join(granted)} ON {table.name} TO {role}"))


def _exists(connection: Connection, role: str) -> bool:
    return connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is not None
