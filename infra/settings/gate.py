"""Whether the service is attacked by ourselves, before it serves and while it does."""

from pydantic import Field

from infra.frozen import Frozen


class GateSettings(Frozen):
    """The guide's security validation of each new version, and its weekly scan of the one that serves; decision 20."""

    enabled: bool = True
    """Whether a version is attacked before it serves; any attack that gets through fails `pulumi up`."""
    scan_schedule: str | None = Field("23 4 * * 0", pattern=r"^\S+( \S+){4}$")
    """When the version that serves is attacked through the edge, as cron writes it, in UTC; none is never."""
