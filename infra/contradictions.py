"""What a stack says in one section and denies in another."""

import re
from collections.abc import Iterator

from infra.connections import too_many
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
