"""Attestations of births, and the standing of those who witness.

Only adds tables: the release before goes on working beside it.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.execute(
        """
        CREATE TABLE attestations (
            witness text NOT NULL REFERENCES lcts (lct_id),
            nonce bytea NOT NULL CHECK (length(nonce) BETWEEN 16 AND 64),
            subject text NOT NULL REFERENCES lcts (lct_id),
            role text NOT NULL,
            sig text NOT NULL,
            ts text NOT NULL,
            PRIMARY KEY (witness, nonce),
            UNIQUE (subject, witness)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE standing (
            lct_id text PRIMARY KEY REFERENCES lcts (lct_id),
            talent numeric NOT NULL CHECK (talent BETWEEN 0 AND 1),
            training numeric NOT NULL CHECK (training BETWEEN 0 AND 1),
            temperament numeric NOT NULL CHECK (temperament BETWEEN 0 AND 1),
            -- Credited on top of the actions that the registry itself has seen.
            actions bigint NOT NULL CHECK (actions >= 0),
            -- Known since, when that is before the LCT was minted here.
            since timestamptz
        )
        """
    )


def downgrade() -> None:
    """Refuse: the attestations would be lost."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
