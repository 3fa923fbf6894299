"""Where the Secrets come from that the stack refers to by name."""

from typing import Literal

from pydantic import Field

from infra.frozen import Frozen
from infra.settings.kinds import DnsLabel

_DURATION = r"^([1-9][0-9]*[hms])+$"


class ExternalSecretsSettings(Frozen):
    """External Secrets: its operator, which is in the cluster already, makes each Secret from a store of secrets."""

    store: DnsLabel
    """The store's name."""
    store_kind: Literal["ClusterSecretStore", "SecretStore"] = "ClusterSecretStore"
    """A store of the whole cluster, or one in the stack's namespace."""
    prefix: str = Field("web4/", pattern=r"^[A-Za-z0-9._/-]*$")
    """What stands before a Secret's name in the store: the entry `web4/web4-redis` is the Secret web4-redis, and each
    of the entry's properties one of its keys."""
    refresh: str = Field("1h", pattern=_DURATION)
    """How often the operator looks whether the store has something new."""


class SecretsSettings(Frozen):
    """The Secrets that are named in other sections (`secret_name`, ...), but for certificates."""

    external: ExternalSecretsSettings | None = None
    """Who makes them; none leaves it to you."""
