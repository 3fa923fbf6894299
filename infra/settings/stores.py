"""Where state lives."""

from pydantic import Field

from infra.frozen import Frozen
from infra.settings.kinds import Quantity


class DatabaseSettings(Frozen):
    """The LCT registry's Postgres."""

    instances: int = Field(1, ge=1)
    """One primary and, with more, replicas that one of them replaces it from."""
    storage: Quantity = "1Gi"
    """The size of each instance's volume."""
    storage_class: str | None = None
    """The volumes' StorageClass; none takes the cluster's default."""
    uid: int = Field(26, ge=1)
    """The number of the image's postgres user and group; 26 in the images CloudNativePG publishes."""
