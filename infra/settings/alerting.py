"""Whom alerts reach, and what a stack changes in the rules."""

from typing import Literal

from pydantic import Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import DnsLabel, Duration


class EmailSettings(Frozen):
    """A mail server, and from whom to whom; the password is in the receiver's Secret."""

    to: str = Field(pattern=r"^\S+@\S+$")
    """The address that gets the alerts."""
    sender: str = Field(pattern=r"^\S+@\S+$")
    """The address that they come from."""
    host: str = Field(min_length=1, pattern=r"^[a-z0-9.-]+$")
    """The mail server; its port is the receiver's `port`, and STARTTLS is required."""
    username: str = Field(min_length=1)
    """Who logs in there."""


class ReceiverSettings(Frozen):
    """Where alerts of one severity go. The address or key is in a Secret that is already in the namespace."""

    kind: Literal["pagerduty", "opsgenie", "slack", "email", "webhook"]
    """`pagerduty` is its Events API v2, `slack` an incoming webhook; a webhook gets Alertmanager's own JSON."""
    secret_name: DnsLabel
    """The Secret. Its key is `routing_key` (PagerDuty), `api_key` (Opsgenie), `url` (Slack, webhook) or `password`."""
    port: int = Field(443, ge=1, le=65535)
    """The port that Alertmanager may call it at."""
    email: EmailSettings | None = None
    """Needed by `email`, and only there."""

    @model_validator(mode="after")
    def _email_is_described(self) -> "ReceiverSettings":
        if (self.kind == "email") != (self.email is not None):
            raise ValueError("kind email needs email (to, sender, host, username), and the other kinds have none")
        return self


class HeartbeatSettings(Frozen):
    """The dead-man's switch outside of the cluster that misses the Watchdog when it stops coming: a webhook."""

    secret_name: DnsLabel
    """The Secret with the webhook's address under its key `url`."""
    port: int = Field(443, ge=1, le=65535)
    """The port that Alertmanager may call it at."""
    seconds: int = Field(60, ge=30, le=300)
    """How often it is called, about; the switch should wait for three times as long."""


class AlertOverride(Frozen):
    """What a stack changes in one alert of monitoring/rules; what is left out stays."""

    threshold: float | None = None
    """The number that the alert compares with: its annotation `threshold`, which alerts without a number lack."""
    patience: Duration | None = None
    """How long it must hold before it fires (Prometheus' `for`)."""
    severity: Literal["critical", "warning", "info"] | None = None
    """Whom it reaches."""
    off: bool = False
    """Whether the stack does without it."""
