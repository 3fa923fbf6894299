"""The proof on a mint or a revocation: an RFC 9421 HTTP Message Signature, made by clients, checked by the server."""

from web4_identity.signature.client import PayerAuth

__all__ = ["PayerAuth"]
