"""The schema in SQLite: one file per change. A revision has the number of the Postgres revision that it is equal to."""
