"""The LCT registry and the ATP ledger in Postgres."""
