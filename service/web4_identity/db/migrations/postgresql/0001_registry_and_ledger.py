"""The LCT registry and the double-entry ATP ledger.

The ledger defends itself: entries can only be added, and a transfer whose entries do not sum to zero cannot commit.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE societies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 256),
    founder text NOT NULL UNIQUE,
    lct_count bigint NOT NULL DEFAULT 0 CHECK (lct_count >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lcts (
    lct_id text PRIMARY KEY,
    society_id bigint NOT NULL REFERENCES societies (id),
    entity_type text NOT NULL CHECK (entity_type IN ('human', 'ai', 'organization', 'device')),
    entity_identifier text NOT NULL,
    public_key text NOT NULL UNIQUE,
    parent_org text,
    witnesses jsonb NOT NULL DEFAULT '[]',
    document jsonb NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (society_id, entity_identifier)
);

-- The founder's LCT needs its society and the society names its founder, so this side is checked at commit.
ALTER TABLE societies ADD FOREIGN KEY (founder) REFERENCES lcts (lct_id) DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('lct', 'pool', 'issuance')),
    lct_id text UNIQUE REFERENCES lcts (lct_id),
    society_id bigint NOT NULL REFERENCES societies (id),
    -- ATP enters the world only from an issuance account, whose negative balance says how much exists.
    balance bigint NOT NULL DEFAULT 0 CHECK (kind = 'issuance' OR balance >= 0),
    CHECK ((kind = 'lct') = (lct_id IS NOT NULL))
);
CREATE UNIQUE INDEX accounts_one_per_society ON accounts (society_id, kind) WHERE kind <> 'lct';

CREATE TABLE ledger_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id uuid NOT NULL,
    account_id bigint NOT NULL REFERENCES accounts (id),
    amount bigint NOT NULL CHECK (amount <> 0),
    reason text NOT NULL,
    reference text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_entries_transfer ON ledger_entries (transfer_id);
CREATE INDEX ledger_entries_account ON ledger_entries (account_id);
"""

_APPEND_ONLY = """
CREATE FUNCTION ledger_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger_entries is append only: % refused', TG_OP;
END $$;
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_append_only();
"""

_BALANCED = """
CREATE FUNCTION ledger_transfer_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount) FROM ledger_entries WHERE transfer_id = NEW.transfer_id) <> 0 THEN
        RAISE EXCEPTION 'the entries of transfer % do not sum to zero', NEW.transfer_id;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transfer_balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_transfer_balanced();
"""


def upgrade() -> None:
    """Create everything. Statements run one by one, as the driver prepares each."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for block in (_APPEND_ONLY, _BALANCED):
        function, trigger = block.split("$$;\n")
        op.execute(function + "$$")
        op.execute(trigger)


def downgrade() -> None:
    """Refuse: going back would destroy every identity and every balance. Restore a backup instead."""
    raise NotImplementedError("the first revision cannot be undone; restore a backup")
