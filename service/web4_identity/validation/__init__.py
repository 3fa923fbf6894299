"""The deployment guide's security gate: attacks on a running service, each with the answer that defends it.

Source: guide, Security Validation. One module per class of attack; `web4-identity validate` runs them.
"""
