"""The audit trail, and which LCTs a society began with.

Only adds: the release before goes on working beside it, though what it does leaves no audit entry.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, its guard, and the column; take over what the registry already knows."""
    op.execute(
        """
        CREATE TABLE audit_entries (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            created_at timestamptz NOT NULL,
            -- The LCT that proved to have asked; null for what an operator did on the command line.
            actor text,
            action text NOT NULL CHECK (action IN ('found', 'mint', 'revoke', 'standing')),
            -- The LCT it was done to; for a founding the founder's.
            subject text NOT NULL REFERENCES lcts (lct_id),
            detail jsonb NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX audit_entries_actor ON audit_entries (actor, action)")
    op.execute("CREATE INDEX audit_entries_subject ON audit_entries (subject)")
    op.execute(
        """
        CREATE FUNCTION audit_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'audit_entries is append only: % refused', TG_OP;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
            FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_append_only()
        """
    )
    # A mint of before has its idempotency record. Its subject stands in the answer, as a revocation's does.
    op.execute(
        """
        INSERT INTO audit_entries (created_at, actor, action, subject, detail)
        SELECT created_at, payer, CASE WHEN answer::jsonb ? 'atp_cost' THEN 'mint' ELSE 'revoke' END,
               answer ->> 'lct_id', '{}'
        FROM idempotency ORDER BY created_at
        """
    )
    op.execute("ALTER TABLE lcts ADD COLUMN genesis boolean NOT NULL DEFAULT false")
    op.execute("UPDATE lcts SET genesis = true FROM societies WHERE societies.founder = lcts.lct_id")
    op.execute("CREATE INDEX idempotency_created_at ON idempotency (created_at)")


def downgrade() -> None:
    """Refuse: the trail would be lost."""
    raise NotImplementedError("this revision cannot be undone; the release before works beside it")
