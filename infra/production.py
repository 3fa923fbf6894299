"""What stack prod refuses to be: a test's values, no spare, images that can change, nobody to call."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from infra.settings import Settings

FEWEST = 3
"""Replicas of the service and instances of the database: one may go away while another is being replaced."""

_RESERVED = (
    *("example.com", "example.org", "example.net", "example"),  # RFC 2606, and below RFC 6761
    *("test", "invalid", "localhost"),
    "local",  # RFC 6762
)
_PINNED = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_OPERATOR_IMAGES = {"cloudnative_pg", "prometheus_operator", "config_reloader"}


def refusals(settings: Settings) -> Iterator[str]:
    """One `key: reason` for each thing that must not be in production, in the settings' order."""
    unused = set() if settings.platform.install else _OPERATOR_IMAGES
    external = settings.redis.external
    unused = unused | {"redis"} if external else unused
    postgres = settings.database.external
    unused = unused | {"postgres"} if postgres else unused
    unused = unused if settings.backup and settings.backup.local_store else unused | {"object_store"}
    unused = unused if settings.grafana.enabled else unused | {"grafana"}
    for name, image in settings.images:
        if name in unused:
            continue
        if not _PINNED.fullmatch(image):
            yield f"images.{name}: {image} can change under its tag; prod wants name@sha256:<64 hexadecimal digits>"
        registry = image.partition("/")[0]
        if "." in registry and is_reserved(registry):
            yield f"images.{name}: {registry} is an example's host; prod wants a registry that exists"
    if postgres is None and settings.database.instances < FEWEST:
        yield f"database.instances: {settings.database.instances}; prod wants {FEWEST} or more"
    if postgres and postgres.ca_secret_name is None:
        yield "database.external.ca_secret_name: not set; prod wants the server's certificate verified"
    if postgres and postgres.owner_key is None:
        yield "database.external.owner_key: not set; prod wants a service that does not own its tables"
    yield from _backup_refusals(settings)
    if external and is_reserved(external.host):
        yield f"redis.external.host: {external.host} is an example's name; prod wants a Redis that exists"
    if settings.identity.replicas < FEWEST:
        yield f"identity.replicas: {settings.identity.replicas}; prod wants {FEWEST} or more"
    if settings.identity.test_mode:
        yield "identity.test_mode: true; prod wants false"
    if not settings.gate.enabled:
        yield "gate.enabled: false; prod wants each version attacked before it serves"
    if settings.gate.scan_schedule is None:
        yield "gate.scan_schedule: not set; prod wants the version that serves attacked every week"
    if is_reserved(settings.edge.server_name):
        yield f"edge.server_name: {settings.edge.server_name} is an example's name; prod wants its public host name"
    for authority in settings.edge.public_authorities or ():
        if is_reserved(authority):
            yield f"edge.public_authorities: {authority} is an example's name; prod wants a public host name"
    if not settings.edge.authorities:
        yield "edge.public_authorities: empty; prod wants the hosts that payers sign for, or the key left out"
    root_url = settings.grafana.root_url
    if root_url and is_reserved(urlsplit(root_url).netloc):
        yield f"grafana.root_url: {root_url} is an example's address; prod wants the one that browsers open"
    if settings.monitoring.pager is None:
        yield "monitoring.pager: not set; prod wants somebody to call: kind and secret_name"
    if settings.monitoring.heartbeat is None:
        yield "monitoring.heartbeat: not set; prod wants somebody to miss its monitoring when that is gone: secret_name"
    if settings.monitoring.runbook_url is None:
        yield "monitoring.runbook_url: not set; prod wants alerts that lead to the runbooks' folder"
    elif is_reserved(host := str(settings.monitoring.runbook_url.host)):
        yield f"monitoring.runbook_url: {host} is an example's host; prod wants runbooks that open"


def _backup_refusals(settings: Settings) -> Iterator[str]:
    backup = settings.backup
    if backup is None:
        if settings.database.external is None:
            yield "backup: not set; prod wants a destination and the credentials for it"
        return
    if backup.local_store:
        yield "backup.local_store: it is lost with the cluster; prod wants a destination elsewhere"
    if backup.endpoint and is_reserved(backup.endpoint.partition("://")[2]):
        yield f"backup.endpoint: {backup.endpoint} is an example's host; prod wants a store that exists"


def is_reserved(authority: str) -> bool:
    """Whether a `host` or `host:port` is in a domain that is reserved for examples, tests or the local network."""
    host = f".{authority.partition(':')[0].rstrip('.').lower()}"
    return any(host.endswith(f".{domain}") for domain in _RESERVED)
