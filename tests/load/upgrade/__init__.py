"""From an earlier release to this one and back, under load."""
