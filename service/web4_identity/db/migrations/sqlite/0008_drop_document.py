"""Drop the column that was here as long as Postgres had it."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE lcts DROP COLUMN document")


def downgrade() -> None:
    """Refuse, as every revision does."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
