"""Measure mints through the whole service, beside what the same SQL reaches on the same Postgres without it."""
