"""Drop the column that 0003 kept for the release before it; no release since reads or writes it.

This is the contracting half of that change. Dropping a column rewrites nothing, and waits for who uses the table.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop it."""
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE lcts DROP COLUMN document")


def downgrade() -> None:
    """Refuse, as every revision does."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
