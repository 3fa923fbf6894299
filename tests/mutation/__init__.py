"""Mutation spot checks: wrong versions of the ledger's and the witnesses' code, each of which a test must find."""
