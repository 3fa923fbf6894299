"""Alembic's entry: runs the migrations on the connection that db.migrate opened, inside its transaction."""

from alembic import context

from web4_identity.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
