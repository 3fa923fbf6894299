"""One file per schema change, in the order of its revision."""
