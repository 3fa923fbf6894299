"""The kinds of entity that can be minted and the witnesses each needs."""

from enum import StrEnum


class EntityType(StrEnum):
    """What an LCT stands for."""

    HUMAN = "human"
    AI = "ai"
    ORGANIZATION = "organization"
    DEVICE = "device"


ALIASES = {"org": EntityType.ORGANIZATION}
"""Short names that the published service accepted."""

WITNESS_QUORUM = {EntityType.HUMAN: 3, EntityType.ORGANIZATION: 3, EntityType.AI: 1, EntityType.DEVICE: 0}
"""How many distinct witnesses a mint needs (published service, witnesses wanted)."""

BIRTH_CERTIFICATE_WITNESSES = 3
"""A birth certificate names at least this many witnesses (Web4 LCT specification, birth_witnesses)."""
