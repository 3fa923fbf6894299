"""Bring the database to the newest schema, safely from several places at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Connection, text

from web4_identity.db.engine import Database
from web4_identity.db.locks import lock
from web4_identity.db.patience import patiently
from web4_identity.db.rights import grant_rights, require_roles

_MIGRATION_LOCK = 0x57454234_0001

# Whoever asks for a table after a migration waits behind it, however long the one before it takes: so it gives up soon,
# undoes all it did, and begins again.
LOCK_SECONDS = 3


async def migrate(
    url: SecretStr,
    *,
    schema: str | None = None,
    wait_seconds: float = 120,
    revision: str = "head",
    roles: tuple[str, ...] = (),
) -> None:
    """Run every outstanding migration up to `revision` in one transaction, and give Postgres's roles their rights.

    All of it in Postgres's `schema`, which must be there, or in the role's own.

    A second run waits for the first. While the database is out of reach, one of `roles` is not there, or a table is in
    use for longer than LOCK_SECONDS, it is tried again for `wait_seconds`. The schema of a later release, which was
    rolled back, is left as it is. Raises DatabaseUnavailable when it stays out of reach, or at once when
    the login is refused.
    """
    database = Database(url, 1, statement_seconds=None, schema=schema)

    async def work() -> None:
        async with database.transaction() as connection:
            await lock(connection, _MIGRATION_LOCK)
            await connection.run_sync(_upgrade, revision, roles)

    try:
        await patiently(work, wait_seconds)
    finally:
        await database.close()


def _upgrade(connection: Connection, revision: str, roles: tuple[str, ...]) -> None:
    require_roles(connection, roles)
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    folder = Path(__file__).with_name("migrations")
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    # One folder for each kind of database. A path may hold spaces and colons, so it is not split at them.
    config.set_main_option("version_locations", str(folder / connection.dialect.name).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    if _is_of_a_later_release(connection, config):
        return
    command.upgrade(config, revision)
    if connection.dialect.name == "postgresql" and revision == "head":
        grant_rights(connection)


def _is_of_a_later_release(connection: Connection, config: Config) -> bool:
    """Whether a release with more revisions was here; they are numbered, with leading zeros."""
    current = MigrationContext.configure(connection).get_current_revision()
    newest = ScriptDirectory.from_config(config).get_current_head()
    return current is not None and newest is not None and current > newest
