"""The schema in Postgres: one file per change, in the order of its revision."""
