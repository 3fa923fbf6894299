"""The stack's own Grafana."""

from pydantic import Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import DnsLabel

_URL = r"^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?(/\S*)?$"


class GrafanaOauth(Frozen):
    """Single sign-on by OpenID Connect (Grafana's generic OAuth)."""

    secret_name: DnsLabel
    """The Secret, already in the namespace, with the keys `client_id` and `client_secret`."""
    name: str = Field("SSO", pattern=r"^\S(.*\S)?$")
    """What is on the button."""
    auth_url: str = Field(pattern=_URL)
    """The provider's page to log in at, which the browser opens."""
    token_url: str = Field(pattern=_URL)
    """Where Grafana fetches a token."""
    api_url: str = Field(pattern=_URL)
    """Where Grafana asks who somebody is (userinfo)."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    """What is asked of the provider."""
    role_attribute_path: str = "contains(groups[*], 'web4-admins') && 'Editor' || 'Viewer'"
    """JMESPath over the provider's answer, to Viewer, Editor or Admin; whoever gets none of these is refused."""
    port: int = Field(443, ge=1, le=65535)
    """The port of token_url and api_url, which Grafana may call."""


class GrafanaSettings(Frozen):
    """A Grafana with the stack's dashboards. Without one, any other may import them; decision 25."""

    enabled: bool = False
    """Whether there is one."""
    admin_secret_name: DnsLabel | None = None
    """The Secret, already in the namespace, with the keys `password` (of the user admin) and `secret_key` (32 random
    characters, which encrypt what Grafana keeps); needed when `enabled` is true."""
    root_url: str | None = Field(None, pattern=_URL)
    """The address that browsers reach it at; needed for `oauth`. None is a port-forward to localhost:3000."""
    clients_namespace: DnsLabel | None = None
    """The namespace whose pods (an ingress controller's) may reach it; none is nobody but a port-forward."""
    oauth: GrafanaOauth | None = None
    """Single sign-on; none leaves the user admin alone."""

    @model_validator(mode="after")
    def _complete(self) -> "GrafanaSettings":
        if self.enabled and self.admin_secret_name is None:
            raise ValueError("enabled is true, so admin_secret_name must name the Secret with password and secret_key")
        if self.oauth and self.root_url is None:
            raise ValueError("oauth is set, so root_url must say where the provider sends browsers back to")
        return self
