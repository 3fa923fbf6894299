"""Lets `python -m web4_identity` do what `web4-identity` does."""

from web4_identity.cli import main

main()
