"""The edge's firewall: ModSecurity with the OWASP Core Rule Set, from Debian's packages. Source: decision 14."""

from pathlib import Path
from string import Template

from infra.settings import WafSettings

_TEMPLATE = Path(__file__).with_name("waf.conf.template")
_ENGINES = {"detection": "DetectionOnly", "blocking": "On"}

WAF_MODULES = """load_module /usr/lib/nginx/modules/ndk_http_module.so; # of which the other two are made
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
load_module /usr/lib/nginx/modules/ngx_http_modsecurity_module.so;

"""
"""What nginx.conf begins with. Where the firewall is off, an nginx without these modules is enough."""

WAF_DIRECTIVES = """
            modsecurity on;
            modsecurity_rules_file /etc/nginx/waf.conf;
            modsecurity_transaction_id $request_id; # as the access log and the service call it
            # ModSecurity has nginx read all of the body before the service sees a byte of it, so the service's limit of
            # 10 s for a body has to be here too: nginx itself bounds no more than the pause between two reads.
            client_body_buffer_size 32k; # over client_max_body_size with its chunks' lengths: none goes to a file
            rewrite_by_lua_block {
                local clock = ngx.thread.spawn(function()
                    ngx.sleep(10)
                    ngx.exit(ngx.HTTP_REQUEST_TIMEOUT)
                end)
                ngx.req.read_body()
                ngx.thread.kill(clock)
            }
"""
"""What the location in front of the service says more. The time is the service's BODY_SECONDS."""


class _WafTemplate(Template):
    """Fills in @{name}; ModSecurity's own %{variables} and the $ of its patterns stay as they are."""

    delimiter = "@"


def render_waf_conf(waf: WafSettings) -> str:
    """The firewall's rules, /etc/nginx/waf.conf, for a mode that is not off."""
    return _WafTemplate(_TEMPLATE.read_text(encoding="utf-8")).safe_substitute(
        engine=_ENGINES[waf.mode], paranoia_level=waf.paranoia_level, anomaly_threshold=waf.anomaly_threshold
    )
