"""The whole schema, equal to what Postgres has as of its revision 0007.

What differs: SQLite has no trigger that waits for the commit, so a transfer whose entries do not sum to zero is not
refused; `ledger verify` finds it. Tables are STRICT, as SQLite would else store any type in any column.
"""

from alembic import op

revision = "0007"
down_revision = None
branch_labels = None
depends_on = None

# As db.types.Moment writes a time: UTC, to the microsecond.
_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"

_TABLES = (
    f"""
    CREATE TABLE societies (
        id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 256),
        -- The founder's LCT needs its society and the society names its founder, so this side is checked at commit.
        founder text NOT NULL UNIQUE REFERENCES lcts (lct_id) DEFERRABLE INITIALLY DEFERRED,
        lct_count integer NOT NULL DEFAULT 0 CHECK (lct_count >= 0),
        created_at text NOT NULL DEFAULT ({_NOW})
    ) STRICT
    """,
    f"""
    CREATE TABLE lcts (
        lct_id text NOT NULL PRIMARY KEY,
        society_id integer NOT NULL REFERENCES societies (id),
        entity_type text NOT NULL CHECK (entity_type IN ('human', 'ai', 'organization', 'device')),
        entity_identifier text NOT NULL,
        public_key text NOT NULL UNIQUE,
        parent_org text,
        witnesses text NOT NULL DEFAULT '[]' CHECK (json_valid(witnesses)),
        -- Not used: here as long as Postgres has it.
        document text NOT NULL DEFAULT '{{}}' CHECK (json_valid(document)),
        metadata text NOT NULL DEFAULT '{{}}' CHECK (json_valid(metadata)),
        created_at text NOT NULL DEFAULT ({_NOW}),
        binding_created_at text,
        binding_proof text,
        birth_certificate text CHECK (birth_certificate IS NULL OR json_valid(birth_certificate)),
        revoked_at text,
        revocation_reason text CHECK (length(revocation_reason) BETWEEN 1 AND 256),
        genesis integer NOT NULL DEFAULT 0 CHECK (genesis IN (0, 1)),
        UNIQUE (society_id, entity_identifier),
        CHECK ((binding_created_at IS NULL) = (binding_proof IS NULL)),
        CHECK (revocation_reason IS NULL OR revoked_at IS NOT NULL)
    ) STRICT
    """,
    """
    CREATE TABLE accounts (
        id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        kind text NOT NULL CHECK (kind IN ('lct', 'pool', 'issuance')),
        lct_id text UNIQUE REFERENCES lcts (lct_id),
        society_id integer NOT NULL REFERENCES societies (id),
        -- ATP enters the world only from an issuance account, whose negative balance says how much exists.
        balance integer NOT NULL DEFAULT 0 CHECK (kind = 'issuance' OR balance >= 0),
        CHECK ((kind = 'lct') = (lct_id IS NOT NULL))
    ) STRICT
    """,
    "CREATE UNIQUE INDEX accounts_one_per_society ON accounts (society_id, kind) WHERE kind <> 'lct'",
    "CREATE INDEX accounts_lcts_of_society ON accounts (society_id, id) WHERE kind = 'lct'",
    f"""
    CREATE TABLE ledger_entries (
        id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        transfer_id text NOT NULL,
        account_id integer NOT NULL REFERENCES accounts (id),
        amount integer NOT NULL CHECK (amount <> 0),
        reason text NOT NULL,
        reference text NOT NULL,
        created_at text NOT NULL DEFAULT ({_NOW})
    ) STRICT
    """,
    "CREATE INDEX ledger_entries_transfer ON ledger_entries (transfer_id)",
    "CREATE INDEX ledger_entries_account ON ledger_entries (account_id)",
    f"""
    CREATE TABLE idempotency (
        payer text NOT NULL REFERENCES lcts (lct_id),
        key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
        request_sha256 blob NOT NULL CHECK (length(request_sha256) = 32),
        answer text NOT NULL CHECK (json_valid(answer)),
        created_at text NOT NULL DEFAULT ({_NOW}),
        PRIMARY KEY (payer, key)
    ) STRICT
    """,
    "CREATE INDEX idempotency_created_at ON idempotency (created_at)",
    """
    CREATE TABLE attestations (
        witness text NOT NULL REFERENCES lcts (lct_id),
        nonce blob NOT NULL CHECK (length(nonce) BETWEEN 16 AND 64),
        subject text NOT NULL REFERENCES lcts (lct_id),
        role text NOT NULL,
        sig text NOT NULL,
        ts text NOT NULL,
        PRIMARY KEY (witness, nonce),
        UNIQUE (subject, witness)
    ) STRICT
    """,
    """
    CREATE TABLE standing (
        lct_id text NOT NULL PRIMARY KEY REFERENCES lcts (lct_id),
        -- Decimals as text: a real would not be exact.
        talent text NOT NULL CHECK (CAST(talent AS REAL) BETWEEN 0 AND 1),
        training text NOT NULL CHECK (CAST(training AS REAL) BETWEEN 0 AND 1),
        temperament text NOT NULL CHECK (CAST(temperament AS REAL) BETWEEN 0 AND 1),
        actions integer NOT NULL CHECK (actions >= 0),
        since text
    ) STRICT
    """,
    """
    CREATE TABLE audit_entries (
        id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
        created_at text NOT NULL,
        actor text,
        action text NOT NULL CHECK (action IN ('found', 'mint', 'revoke', 'standing')),
        subject text NOT NULL REFERENCES lcts (lct_id),
        detail text NOT NULL CHECK (json_valid(detail))
    ) STRICT
    """,
    "CREATE INDEX audit_entries_actor ON audit_entries (actor, action)",
    "CREATE INDEX audit_entries_subject ON audit_entries (subject)",
)

_REVOCATION_FINAL = """
CREATE TRIGGER lcts_revocation_final BEFORE UPDATE OF revoked_at, revocation_reason ON lcts
    WHEN OLD.revoked_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a revocation is final'); END
"""

# INSERT OR REPLACE deletes a row without its delete trigger.
_GUARDS = {"update": "BEFORE UPDATE", "delete": "BEFORE DELETE", "replace": "BEFORE INSERT"}
_CONDITION = {"replace": "WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"}


def upgrade() -> None:
    """Create everything."""
    for statement in _TABLES:
        op.execute(statement)
    op.execute(_REVOCATION_FINAL)
    for table in ("ledger_entries", "audit_entries"):
        for name, moment in _GUARDS.items():
            when = _CONDITION.get(name, "").format(table=table)
            op.execute(
                f"CREATE TRIGGER {table}_append_only_{name} {moment} ON {table} {when} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append only: {name} refused'); END"
            )


def downgrade() -> None:
    """Refuse: going back would destroy every identity and every balance. Restore a backup instead."""
    raise NotImplementedError("the first revision cannot be undone; restore a backup")
