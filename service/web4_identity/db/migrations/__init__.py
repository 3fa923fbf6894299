"""Alembic migrations, shipped in the wheel so that the installed command can run them."""
