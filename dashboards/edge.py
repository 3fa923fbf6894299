"""The edge as clients meet it: probes through TLS, nginx, its firewall, the certificate."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import new_dashboard
from dashboards.panels import Panel, above, below, graph, note, number

UID = "web4-edge"
_DAY = 86_400
_WAF = """ModSecurity counts nothing that Prometheus could read. Each request in which a rule matched is one line of
JSON in the edge's log, with the rule and the text that matched:

    kubectl -n $namespace logs -l app=web4-edge --tail=-1 | grep '"transaction"'

A refusal is answered by the edge itself, so a wave of them is seen in the panel beside this one. Tuning: decision 14
(`docs/decisions/0014-firewall-in-the-edge.md`)."""


def build() -> dashboard.Dashboard:
    """From outside, then nginx, then what it keeps away."""
    return new_dashboard(
        "Edge, WAF and TLS",
        UID,
        "The way in: what a client sees of it, what nginx does, what it refuses, how long the certificate lasts.",
        "up",
        (*_outside(), *_nginx(), *_refused()),
    )


def _outside() -> list[Panel]:
    return [
        number(
            "Reached from outside",
            "Whether the last probe through TLS got a good answer of the service.",
            "bool_yes_no",
            "min(probe_success{%own})",
            limits=below(1),
            alerts=["EdgeDown"],
        ),
        number(
            "Good probes",
            "The share of probes that got a good answer, over the range shown.",
            "percentunit",
            "avg(avg_over_time(probe_success{%own}[$__range]))",
            limits=below(0.995, orange=0.999),
            alerts=["EdgeAvailabilityBurn"],
        ),
        number(
            "Certificate valid for",
            "Until the first certificate of the chain that the edge shows runs out.",
            "s",
            "min(probe_ssl_earliest_cert_expiry{%own}) - time()",
            limits=below(2 * _DAY, orange=14 * _DAY),
            alerts=["EdgeCertificateExpiring"],
        ),
        number(
            "nginx up",
            "Edge pods whose nginx answers its exporter.",
            "none",
            "sum(nginx_up{%own})",
            limits=below(1),
            alerts=["EdgeDown", "TargetDown"],
        ),
        number(
            "Attacks let through",
            "Attacks of the security gate's last run that were not refused. Each is a hole.",
            "none",
            'max(web4_security_gate_bypasses{namespace=~"$namespace"})',
            limits=above(1),
            alerts=["SecurityGateBypass"],
            none="never run",
        ),
        number(
            "Security gate's last run",
            "How long ago all attacks were tried on this stack.",
            "s",
            'time() - max(web4_security_gate_timestamp_seconds{namespace=~"$namespace"})',
            limits=above(9 * _DAY, orange=8 * _DAY),
            alerts=["SecurityGateTooOld"],
            none="never run",
        ),
    ]


def _nginx() -> list[Panel]:
    return [
        graph(
            "Time of a probe",
            "What a client waits for an answer through TLS, by probe.",
            "s",
            {"{{instance}}": "probe_duration_seconds{%own}"},
            alerts=["EdgeSlow"],
            limits=above(1),
        ),
        graph(
            "Where a probe's time goes",
            "Name, connection, TLS, waiting for the service, reading.",
            "s",
            {"{{phase}}": "avg by (phase) (probe_http_duration_seconds{%own})"},
            alerts=["EdgeSlow"],
            stacked=True,
        ),
        graph(
            "Requests at the edge",
            "Requests a second that each nginx took, its own health checks among them (about 0.3).",
            "reqps",
            {"{{pod}}": "rate(nginx_http_requests_total{%own}[$__rate_interval])"},
            stacked=True,
        ),
        graph(
            "Connections",
            "Open connections of each nginx by what they do. Each of its two workers may have 6000, to both sides.",
            "none",
            {
                "all ({{pod}})": "nginx_connections_active{%own}",
                "reading ({{pod}})": "nginx_connections_reading{%own}",
                "writing ({{pod}})": "nginx_connections_writing{%own}",
                "idle ({{pod}})": "nginx_connections_waiting{%own}",
            },
            alerts=["EdgeConnectionsNearlyUsedUp"],
            limits=above(1600),
        ),
        graph(
            "Connections dropped",
            "Connections a second that nginx accepted and could not handle, for lack of room.",
            "cps",
            {
                "{{pod}}": "rate(nginx_connections_accepted{%own}[$__rate_interval]) - "
                "rate(nginx_connections_handled{%own}[$__rate_interval])"
            },
            alerts=["EdgeConnectionsNearlyUsedUp"],
        ),
        graph(
            "TLS connections' lifetime",
            "Connections accepted a second: many more than requests at the edge point at clients that come and go.",
            "cps",
            {"{{pod}}": "rate(nginx_connections_accepted{%own}[$__rate_interval])"},
        ),
    ]


def _refused() -> list[Panel]:
    seconds = "web4_identity_http_request_duration_seconds"
    return [
        graph(
            "Answered by the edge itself",
            "Requests a second that nginx took and the service never saw: the edge's rate limit (429), its firewall "
            "(403), bodies too large or too slow, and its own health checks.",
            "reqps",
            {
                "edge alone": "clamp_min(sum(rate(nginx_http_requests_total{%own}[$__rate_interval])) - "
                f'sum(rate({seconds}_count{{%own, route!~"/metrics|/livez|/readyz"}}[$__rate_interval])), 0)'
            },
            alerts=["RateLimitingActive"],
        ),
        note("What the firewall found", "Where its findings are, which are no metric.", _WAF),
    ]
