"""Remember what each Idempotency-Key was answered, so that a repeated mint charges nothing.

Only adds a table: the release before goes on working beside it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table: one row a mint, so that a late repeat does not mint again. Old ones are purged (decision 10)."""
    op.execute(
        """
        CREATE TABLE idempotency (
            payer text NOT NULL REFERENCES lcts (lct_id),
            key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
            request_sha256 bytea NOT NULL CHECK (length(request_sha256) = 32),
            -- Not jsonb, which would give the members back in another order.
            answer json NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (payer, key)
        )
        """
    )


def downgrade() -> None:
    """Refuse: without the table a repeated mint would charge twice."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
