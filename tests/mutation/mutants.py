"""The wrong versions: in which file, what is replaced by what, and the test files that must find out."""

from dataclasses import dataclass

LEDGER = ("ledger", "mint", "balance")
WITNESS = ("witness", "standing")


@dataclass(frozen=True)
class Mutant:
    """One change of one file of service/web4_identity; `tests` are the words in test_service_<word>.py."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]


WRITE, STATE, MINTING, JUDGE = "db/mint_write.py", "db/mint_state.py", "db/minting.py", "db/witnesses.py"

MUTANTS = (
    Mutant(WRITE, "values(balance=balance - _PRICE)", "values(balance=balance)", LEDGER),
    Mutant(WRITE, "balance + _PRICE - _GRANT", "balance + _PRICE", LEDGER),
    Mutant(WRITE, "((source, -amount), (target, amount))", "((source, -amount), (target, amount + 1))", LEDGER),
    Mutant(WRITE, "societies.c.lct_count + 1", "societies.c.lct_count + 2", LEDGER),
    Mutant(WRITE, '"action": "mint"', '"action": "revoke"', LEDGER),
    Mutant(STATE, '== bindparam("name"))\n    .with_for_update()', '== bindparam("name"))', LEDGER),
    # Not the look for duplicates itself: without it the unique indexes give the same answer.
    Mutant(MINTING, "        if violated_key(error):", "        if False:", LEDGER),
    Mutant(MINTING, "if state.payer.balance < price:", "if state.payer.balance <= price:", LEDGER),
    Mutant(MINTING, "if state.payer.balance < price:", "if False:", LEDGER),
    Mutant(MINTING, "state.pool.balance + price < policy.grant", "state.pool.balance < policy.grant", LEDGER),
    Mutant(MINTING, "state.payer.balance - price, policy.grant)", "state.payer.balance, policy.grant)", LEDGER),
    Mutant(
        "domain/pricing.py", "math.floor(base * factor**minted)", "round(base * float(factor) ** minted)", ("domain",)
    ),
    Mutant(
        "db/ledger.py", "((source, -amount), (target, amount))", "((source, amount), (target, -amount))", ("genesis",)
    ),
    Mutant("db/verify.py", "a.balance <> coalesce(e.total, 0)", "a.balance < coalesce(e.total, 0)", ("ledger", "cli")),
    Mutant(JUDGE, "if len(good) < quorum:", "if len(good) + 1 < quorum:", WITNESS),
    Mutant(JUDGE, "    if refused:\n", "    if False:\n", WITNESS),
    Mutant(JUDGE, '    if candidate["revoked_at"] is not None:', "    if False:", ("revocation",)),
    Mutant(JUDGE, "candidate) < policy.min_reputation", "candidate) <= policy.min_reputation", WITNESS),
    Mutant(JUDGE, "< policy.min_age:", "< policy.min_age * 0:", WITNESS),
    Mutant(JUDGE, '["actions"] < policy.min_actions', '["actions"] <= policy.min_actions', WITNESS),
    Mutant(JUDGE, "attestations.c.witness == lct_id", "attestations.c.subject == lct_id", WITNESS),
    Mutant("domain/attestation.py", "> FRESH", "> 2 * FRESH", WITNESS),
    Mutant("domain/attestation.py", "if signed != _statement(birth, ts, nonce):", "if False:", WITNESS),
    Mutant(
        "domain/binding.py", "if signed != _binding(entity_type, public_key, created_at):", "if False:", ("binding",)
    ),
)
