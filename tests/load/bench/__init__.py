"""Measure the running stack: requests a second through its TLS edge, its storage, and how long Pulumi takes."""
