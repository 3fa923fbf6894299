"""How the stack is reached from outside."""

from typing import Literal

from pydantic import Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import Authority, DnsLabel, ExistingFile
from infra.settings.scaling import Scaling


class TlsSettings(Frozen):
    """The edge's certificate: two PEM files, or a TLS Secret that is already in the namespace."""

    certificate_file: ExistingFile | None = None
    """The certificate chain."""
    private_key_file: ExistingFile | None = None
    """Its private key."""
    secret_name: DnsLabel | None = None
    """The Secret, of type kubernetes.io/tls."""

    @model_validator(mode="after")
    def _one_source(self) -> "TlsSettings":
        files = (self.certificate_file, self.private_key_file)
        if self.secret_name and not any(files):
            return self
        if not self.secret_name and all(files):
            return self
        raise ValueError("give either certificate_file and private_key_file, or secret_name")


class EdgeRateLimit(Frozen):
    """The edge's own limit for each client address (guide, Reverse Proxy)."""

    rate: str = Field("10r/m", pattern=r"^[1-9][0-9]*r/[sm]$")
    """Requests a second or minute, as nginx writes it."""
    burst: int = Field(20, ge=0)
    """Requests over the rate that pass at once."""


class WafSettings(Frozen):
    """ModSecurity with the OWASP Core Rule Set in the edge; decision 14."""

    mode: Literal["off", "detection", "blocking"] = "off"
    """Whether requests are looked at, and whether a bad one is only logged or refused; all but `off` needs an
    `images.nginx` with ModSecurity, such as the one of local/images."""
    paranoia_level: int = Field(1, ge=1, le=4)
    """How many of the rules are used; 1 is tested with this API, a higher one wants `detection` first."""
    anomaly_threshold: int = Field(5, ge=1)
    """The score from which a request is bad; one match of a critical rule is 5."""

    @property
    def on(self) -> bool:
        """Whether requests are looked at."""
        return self.mode != "off"


class EdgeSettings(Scaling):
    """The nginx edge, the only thing reachable from outside the cluster."""

    server_name: str = Field(min_length=1, pattern=r"^[a-z0-9.-]+$")
    """The public host name."""
    public_authorities: tuple[Authority, ...] | None = None
    """The hosts that payers sign for, with their port unless it is 443 (PUBLIC_AUTHORITIES); none means `server_name`,
    and an empty list any."""
    service_type: Literal["LoadBalancer", "NodePort"] = "LoadBalancer"
    """How the edge's Service is reached."""
    node_port: int | None = Field(None, ge=30000, le=32767)
    """The Service's port on every node; none lets Kubernetes choose."""
    tls: TlsSettings
    rate_limit: EdgeRateLimit = EdgeRateLimit()
    waf: WafSettings = WafSettings()

    @property
    def authorities(self) -> tuple[str, ...]:
        """The hosts that a payer's signature is accepted for; empty accepts any."""
        return (self.server_name,) if self.public_authorities is None else self.public_authorities
