"""The edge's nginx configuration, as text."""

import json
import math
from pathlib import Path
from string import Template

from infra.settings import ClientAddressSettings, EdgeRateLimit, WafSettings
from infra.waf_conf import WAF_DIRECTIVES, WAF_MODULES

_TEMPLATE = Path(__file__).with_name("nginx.conf.template")

# The service's codes and titles, so that a client meets one kind of error whoever answers.
_PROBLEMS = (
    (404, "W4_ERR_NOT_FOUND", "Not found"),
    (413, "W4_ERR_BODY_TOO_LARGE", "Request body too large"),
    (429, "W4_ERR_RATE_LIMITED", "Too many requests"),
    (502, "W4_ERR_UNAVAILABLE", "Service unavailable"),
    (503, "W4_ERR_UNAVAILABLE", "Service unavailable"),
    (504, "W4_ERR_UNAVAILABLE", "Service unavailable"),
)


class _NginxTemplate(Template):
    """Fills in %{name}; nginx's own $variables stay as they are."""

    delimiter = "%"


def render_nginx_conf(
    server_name: str, upstream: str, limit: EdgeRateLimit, waf: WafSettings, client_address: ClientAddressSettings
) -> str:
    """The whole nginx.conf.

    In: the public name, the service's `host:port`, the limit for each client address, the firewall, whose rules are a
    file of their own (infra/waf_conf.py), and where a client's address is.
    """
    problems = [*_PROBLEMS, (403, "W4_ERR_WAF", "Request refused by the firewall")] if waf.on else _PROBLEMS
    return _NginxTemplate(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        server_name=server_name,
        upstream=upstream,
        proxy_protocol="proxy_protocol " if client_address.source == "proxy_protocol" else "",
        client_address=_client_address(client_address),
        limit_rate=limit.rate,
        limit_burst=limit.burst,
        retry_after=retry_after_seconds(limit.rate),
        waf_modules=WAF_MODULES if waf.on else "",
        waf=WAF_DIRECTIVES if waf.on else "",
        problem_pages="\n".join(_problem_page(*problem) for problem in problems),
    )


def retry_after_seconds(rate: str) -> int:
    """Whole seconds until a limit of `rate` (such as 10r/m) lets one more request pass."""
    count, _, unit = rate.partition("r/")
    return math.ceil((60 if unit == "m" else 1) / int(count))


def _client_address(rules: ClientAddressSettings) -> str:
    if rules.source == "connection":
        return ""
    trusted = "".join(f"        set_real_ip_from {each};\n" for each in rules.trusted_ranges)
    header = {"x_forwarded_for": "X-Forwarded-For", "proxy_protocol": "proxy_protocol"}[rules.source]
    # recursive: of several addresses in the header the last that is not trusted, as a client may begin it as it likes.
    return f"""
        # What is in front speaks in its clients' place: it alone is believed about them.
{trusted}        real_ip_header {header};
        real_ip_recursive on;
"""


def _problem_page(status: int, code: str, title: str) -> str:
    body = json.dumps({"title": title, "status": status, "code": code, "detail": "answered by the edge"})
    return f"""
        error_page {status} @problem_{status};
        location @problem_{status} {{
            internal;
            default_type application/problem+json;
            return {status} '{body}';
        }}"""
