"""How the stack is reached from outside."""

from ipaddress import ip_network
from typing import Literal

from pydantic import Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import Authority, Cidr, DnsLabel, DnsName, ExistingFile
from infra.settings.scaling import Scaling


class IssuerSettings(Frozen):
    """The issuer of cert-manager, which has to be in the cluster, that the edge's certificate comes from."""

    name: DnsName
    """The issuer's name."""
    kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"
    """An `Issuer` is one in the stack's namespace."""


class TlsSettings(Frozen):
    """The edge's certificate: two PEM files, a TLS Secret that is already in the namespace, or an issuer."""

    certificate_file: ExistingFile | None = None
    """The certificate chain."""
    private_key_file: ExistingFile | None = None
    """Its private key."""
    secret_name: DnsLabel | None = None
    """The Secret, of type kubernetes.io/tls."""
    issuer: IssuerSettings | None = None
    """Who issues it, for `server_name` and the hosts of `public_authorities`, and renews it."""

    @model_validator(mode="after")
    def _one_source(self) -> "TlsSettings":
        files = (self.certificate_file, self.private_key_file)
        given = [any(files), self.secret_name is not None, self.issuer is not None]
        if sum(given) == 1 and (all(files) or not any(files)):
            return self
        raise ValueError("give one of: certificate_file and private_key_file; secret_name; issuer")


class EdgeRateLimit(Frozen):
    """The edge's own limit for each client address (guide, Reverse Proxy)."""

    rate: str = Field("10r/m", pattern=r"^[1-9][0-9]*r/[sm]$")
    """Requests a second or minute, as nginx writes it."""
    burst: int = Field(20, ge=1)
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


class ClientAddressSettings(Frozen):
    """Where a client's address is, for limits and logs, when something in front speaks to the edge in its place."""

    source: Literal["connection", "x_forwarded_for", "proxy_protocol"] = "connection"
    """Who connects is the client; or what is in front says it, in the header X-Forwarded-For or by the PROXY protocol,
    without which the edge then answers nobody."""
    trusted_ranges: tuple[Cidr, ...] = ()
    """The addresses, as the edge sees them, of what is in front: it alone is believed, and alone may connect."""

    @model_validator(mode="after")
    def _somebody_is_trusted(self) -> "ClientAddressSettings":
        if (self.source != "connection") != bool(self.trusted_ranges):
            raise ValueError("trusted_ranges go with source x_forwarded_for or proxy_protocol, and these with them")
        if any(ip_network(each).prefixlen == 0 for each in self.trusted_ranges):
            raise ValueError("trusted_ranges: everywhere is no range; any client could give itself any address")
        return self


class LoadBalancerSettings(Frozen):
    """What the edge's Service asks of the cloud's load balancer; for service_type LoadBalancer only."""

    class_name: str | None = Field(None, min_length=1)
    """Which of several kinds (loadBalancerClass); cannot be changed later."""
    annotations: dict[str, str] = Field({})
    """The cloud's own settings."""
    source_ranges: tuple[Cidr, ...] = ()
    """Who may connect; none is everybody."""


class RouteSettings(Frozen):
    """A Gateway in front of the edge, in place of a load balancer of its own; Gateway API 1.4 or later, decision 18."""

    gateway: DnsName
    """The Gateway's name."""
    namespace: DnsLabel
    """Its namespace."""
    section: DnsName | None = None
    """The Gateway's listener; none is each that takes the edge's hosts."""
    proxy_namespace: DnsLabel | None = None
    """Where the pods are that serve the Gateway; none is `namespace`. They alone may connect to the edge."""
    ca_config_map: DnsName | None = None
    """The ConfigMap, in the stack's namespace, with the edge's issuer under `ca.crt`; none means a public authority."""


class EdgeSettings(Scaling):
    """The nginx edge, the only thing reachable from outside the cluster."""

    server_name: str = Field(min_length=1, pattern=r"^[a-z0-9.-]+$")
    """The public host name."""
    public_authorities: tuple[Authority, ...] | None = None
    """The hosts that payers sign for, with their port unless it is 443 (PUBLIC_AUTHORITIES); none means `server_name`,
    and an empty list any."""
    service_type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """How the edge's Service is reached; `ClusterIP` by a `route` only."""
    node_port: int | None = Field(None, ge=30000, le=32767)
    """The Service's port on every node; none lets Kubernetes choose."""
    external_traffic_policy: Literal["Local", "Cluster"] = "Local"
    """`Cluster` spreads connections over all nodes, and gives the edge a node's address for the client's."""
    load_balancer: LoadBalancerSettings = LoadBalancerSettings()
    client_address: ClientAddressSettings = ClientAddressSettings()
    route: RouteSettings | None = None
    """The Gateway that leads to the edge; none is a Service of its own to the outside."""
    tls: TlsSettings
    rate_limit: EdgeRateLimit = EdgeRateLimit()
    waf: WafSettings = WafSettings()

    @property
    def authorities(self) -> tuple[str, ...]:
        """The hosts that a payer's signature is accepted for; empty accepts any."""
        return (self.server_name,) if self.public_authorities is None else self.public_authorities

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that clients call the edge by, without ports."""
        return tuple(dict.fromkeys([self.server_name, *(each.partition(":")[0] for each in self.authorities)]))
