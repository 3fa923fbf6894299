"""The Web4 Identity Service: mints Linked Context Tokens (LCTs) and charges ATP for them."""

SERVICE_VERSION = "3.0.0-phase2"
"""What /health reports as version (guide, Starting the Service)."""

SECURITY_LEVEL = "phase2_attack_resistance"
"""What /health reports as security level (guide, Starting the Service)."""
