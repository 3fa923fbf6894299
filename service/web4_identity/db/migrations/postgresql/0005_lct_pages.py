"""Let the LCTs of a society be read page by page.

Only adds an index: the release before goes on working beside it. Mints wait while it is built, as a migration is one
transaction and an index without that wait cannot be built in one.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("CREATE INDEX accounts_lcts_of_society ON accounts (society_id, id) WHERE kind = 'lct'")


def downgrade() -> None:
    """Refuse, as every revision does."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
