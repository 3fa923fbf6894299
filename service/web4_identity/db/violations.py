"""Which unique constraint a change violated, by the name that Postgres gives it."""

from sqlalchemy.exc import IntegrityError

from web4_identity.db.tables import metadata

_UNIQUE_VIOLATION = "23505"
_SQLITE_MESSAGE = "UNIQUE constraint failed: "


def violated_key(error: IntegrityError) -> str | None:
    """The unique constraint that `error` names, such as "idempotency_pkey", or None when it is about something else.

    SQLite names the columns ("UNIQUE constraint failed: idempotency.payer, idempotency.key") and no constraint.
    """
    if getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION:
        cause = error.orig.__cause__ if error.orig else None
        name: str | None = getattr(cause, "constraint_name", None)
        return name
    message = str(error.orig)
    if not message.startswith(_SQLITE_MESSAGE):
        return None
    parts = [part.split(".") for part in message.removeprefix(_SQLITE_MESSAGE).split(", ")]
    table, columns = parts[0][0], [column for _, column in parts]
    if columns == [column.name for column in metadata.tables[table].primary_key]:
        return f"{table}_pkey"
    return "_".join([table, *columns, "key"])
