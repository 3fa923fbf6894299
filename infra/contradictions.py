"""What a stack says in one section and denies in another."""

import re
from collections.abc import Iterator

from infra.alert_rules import wrong_overrides
from infra.connections import too_many
from infra.referenced_secrets import referenced_secrets
from infra.settings import Settings
from infra.way_in import detours

_PLAIN_NGINX = re.compile(r"((index\.)?docker\.io/)?(library/)?nginx([:@].*)?")
"""The official image, which has no ModSecurity."""


def contradictions(settings: Settings) -> Iterator[str]:
    """One `key: reason` for each."""
    mode, image = settings.edge.waf.mode, settings.images.nginx
    if settings.edge.waf.on and _PLAIN_NGINX.fullmatch(image):
        yield (
            f"edge.waf.mode: {mode} needs an nginx with ModSecurity, and images.nginx is {image}; "
            "build local/images/containerfiles/nginx.Containerfile, or say off"
        )
    yield from detours(settings.edge)
    yield from too_many(settings)
    yield from wrong_overrides(settings)
    yield from _nothing_to_fetch(settings)
    yield from _beyond_the_gate(settings)


def _nothing_to_fetch(settings: Settings) -> Iterator[str]:
    """A store that no Secret would be made from, or one Secret that would be made twice."""
    names = [secret.name for secret in referenced_secrets(settings)]
    if settings.secrets.external is None:
        return
    if not names:
        yield (
            "secrets.external: no section refers to a Secret by name; give database.app_secret_name and "
            "redis.secret_name in place of the passwords' files, or leave it out"
        )
    yield from (
        f"secrets.external: the Secret {name} is named for two things; give each its own"
        for name in sorted({name for name in names if names.count(name) > 1})
    )


def _beyond_the_gate(settings: Settings) -> Iterator[str]:
    """Limits above the guide's, which the gate's attacks go one over: each would be told as an attack that passed."""
    if not settings.gate.enabled and settings.gate.scan_schedule is None:
        return
    for name in ("max_identifier_length", "max_witness_count", "max_witness_id_length"):
        value, most = getattr(settings.identity, name), type(settings.identity).model_fields[name].default
        if value > most:
            yield (
                f"identity.{name}: {value}, and the security gate takes more than {most} for an attack; lower it, or "
                "say gate.enabled: false and gate.scan_schedule: null"
            )
