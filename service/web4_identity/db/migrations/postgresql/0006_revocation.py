"""Revoked LCTs: when, and why.

Only adds columns that may be null: the release before goes on working beside it, though it lets a revoked LCT pay and
witness until it is gone. A trigger makes a revocation final, whoever writes to the table.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their guard."""
    op.execute(
        """
        ALTER TABLE lcts
            ADD COLUMN revoked_at timestamptz,
            ADD COLUMN revocation_reason text CHECK (length(revocation_reason) BETWEEN 1 AND 256),
            ADD CHECK (revocation_reason IS NULL OR revoked_at IS NOT NULL)
        """
    )
    op.execute(
        """
        CREATE FUNCTION lcts_revocation_final() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the revocation of % is final', OLD.lct_id;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER lcts_revocation_final BEFORE UPDATE OF revoked_at, revocation_reason ON lcts
            FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION lcts_revocation_final()
        """
    )


def downgrade() -> None:
    """Refuse: what was revoked would be active again."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
