"""Writes the edge's nginx.conf for those without Kubernetes: `python -m infra.compose_edge`, or `make docs`."""

from infra.nginx_conf import render_nginx_conf
from infra.settings import ClientAddressSettings, EdgeRateLimit, WafSettings
from infra.settings.kinds import PROJECT_ROOT

FILE = PROJECT_ROOT / "service" / "compose" / "nginx.conf"

_HEAD = "# Written by `make docs` from infra/nginx.conf.template: the edge of the stacks, in front of compose.yaml.\n"


def render() -> str:
    """The whole file: the guide's limits, no firewall, whose modules the official image has not."""
    conf = render_nginx_conf(
        "identity.web4.example.com", "identity:8001", EdgeRateLimit(), WafSettings(), ClientAddressSettings()
    )
    return _HEAD + "".join(conf.splitlines(keepends=True)[1:])  # the first line is the template's


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
