"""The LCT registry and the ATP ledger, in Postgres or in a SQLite file."""
