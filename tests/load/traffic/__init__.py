"""Mixed load through the edge, and the audit that compares what was acknowledged with registry and ledger."""
