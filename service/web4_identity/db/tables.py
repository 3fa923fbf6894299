"""The tables as queries see them. Their constraints and triggers live in the migrations."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, LargeBinary, MetaData, Table, Text, Uuid

from web4_identity.db.types import Exact, Json, Moment

metadata = MetaData()

societies = Table(
    "societies",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("founder", Text, nullable=False),
    # LCTs minted, the founder's not counted: the first mint of a society costs the base price.
    Column("lct_count", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
)

lcts = Table(
    "lcts",
    metadata,
    Column("lct_id", Text, primary_key=True),
    Column("society_id", BigInteger, nullable=False),
    Column("entity_type", Text, nullable=False),
    Column("entity_identifier", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("parent_org", Text),
    Column("witnesses", Json, nullable=False),
    Column("birth_certificate", Json),
    # Null for an LCT of before binding proofs and for a society's founder.
    Column("binding_created_at", Text),
    Column("binding_proof", Text),
    Column("metadata", Json, nullable=False),
    # Null while the LCT is active; final once set.
    Column("revoked_at", Moment),
    Column("revocation_reason", Text),
    # What its society began with: the founder and the first witnesses, which no mint made.
    Column("genesis", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("lct_id", Text),
    Column("society_id", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("transfer_id", Uuid, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    # The LCT id or the society name the transfer is about.
    Column("reference", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("payer", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

attestations = Table(
    "attestations",
    metadata,
    Column("witness", Text, primary_key=True),
    Column("nonce", LargeBinary, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    # The whole COSE_Sign1, and its time as signed.
    Column("sig", Text, nullable=False),
    Column("ts", Text, nullable=False),
)

standing = Table(
    "standing",
    metadata,
    Column("lct_id", Text, primary_key=True),
    Column("talent", Exact, nullable=False),
    Column("training", Exact, nullable=False),
    Column("temperament", Exact, nullable=False),
    Column("actions", BigInteger, nullable=False),
    Column("since", Moment),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("actor", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Json, nullable=False),
)
