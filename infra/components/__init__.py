"""One component of the architecture per module."""
