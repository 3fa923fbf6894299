"""Requests made up from the API's description, sent through the running stack's TLS edge and firewall."""
