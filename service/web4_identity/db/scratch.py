"""A schema to try things in beside the registry's: the same server, roles and rights, and none of its rows."""

from pydantic import SecretStr
from sqlalchemy import text

from web4_identity.db.engine import Database

MARK = "web4-identity: made to be thrown away"


class NotScratch(Exception):
    """The schema is there and was not made by make_scratch_schema(), so it may hold a registry."""


async def make_scratch_schema(url: SecretStr, schema: str) -> None:
    """Make the empty schema `schema`, in the place of the one that an earlier call made.

    The role needs the right to create schemas in the database, as its owner has. Raises NotScratch;
    DatabaseUnavailable.
    """
    database = Database(url, 1)
    try:
        async with database.transaction() as connection:
            query = text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :schema")
            there = (await connection.execute(query, {"schema": schema})).one_or_none()
            if there is not None and there[0] != MARK:
                raise NotScratch(f"the schema {schema} was not made to be thrown away; drop it by hand or name another")
            if there is not None:
                await connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
            await connection.execute(text(f'CREATE SCHEMA "{schema}"'))
            await connection.execute(text(f"COMMENT ON SCHEMA \"{schema}\" IS '{MARK}'"))
    finally:
        await database.close()
