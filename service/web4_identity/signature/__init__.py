"""The payer's proof on a mint: an RFC 9421 HTTP Message Signature, made by clients and checked by the server."""

from web4_identity.signature.client import PayerAuth

__all__ = ["PayerAuth"]
