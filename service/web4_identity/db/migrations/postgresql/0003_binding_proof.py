"""Keep each LCT's binding proof, and its birth certificate in a column of its own.

The document is made when it is asked for, so the document column is no longer written. It stays, with a default, for
the release before, which still reads and writes it; a later revision drops it.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and fill in the birth certificates there are."""
    op.execute(
        """
        ALTER TABLE lcts
            ADD COLUMN binding_created_at text,
            ADD COLUMN binding_proof text,
            ADD COLUMN birth_certificate jsonb,
            ALTER COLUMN document SET DEFAULT '{}',
            ADD CHECK ((binding_created_at IS NULL) = (binding_proof IS NULL))
        """
    )
    op.execute(
        """
        UPDATE lcts SET birth_certificate = document -> 'birth_certificate'
        WHERE jsonb_typeof(document -> 'birth_certificate') = 'object'
        """
    )


def downgrade() -> None:
    """Refuse: the proofs would be lost."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
