"""The guide's Security Hardening Checklist, as far as one object shows it; the rest is in stack_checklist.py."""

import re
from collections.abc import Iterator

from infra.components import edge
from infra.policy.kubernetes import Manifest, containers, variables
from infra.policy.rule import object_rule, pod_rule

LONGEST = {"MAX_WITNESS_COUNT": 100, "MAX_IDENTIFIER_LENGTH": 1024, "MAX_WITNESS_ID_LENGTH": 1024}
"""What each length may be at most: the bounds of infra/settings/service.py."""

_RATE_LIMITS = ("RATE_LIMIT_MAX_REQUESTS_PER_IP", "RATE_LIMIT_MAX_REQUESTS_PER_PAYER", "RATE_LIMIT_WINDOW_SECONDS")
_STREAMS = ("/dev/stdout", "/dev/stderr", "syslog:")


def _services(spec: Manifest) -> Iterator[tuple[str, dict[str, str]]]:
    """Each container that runs the identity service's code: its name and its plain variables."""
    for container in containers(spec):
        found = {variable["name"]: variable.get("value") or "" for variable in container.get("env") or ()}
        if "WEB4_ENVIRONMENT" in found:
            yield container["name"], found


def _whole_number(text: str) -> int:
    """0 for what is no number."""
    return int(text) if text.isdigit() else 0


@pod_rule("test-mode-disabled")
def test_mode_disabled(spec: Manifest) -> Iterator[str]:
    """Set identity.test_mode: false (WEB4_TEST_MODE). Checklist: Test Mode Disabled."""
    for container, variable in variables(spec):
        if variable["name"] == "WEB4_TEST_MODE" and variable.get("value") != "false":
            yield f"container {container}: WEB4_TEST_MODE is {variable.get('value')}"


@pod_rule("rate-limiting-configured")
def rate_limiting_configured(spec: Manifest) -> Iterator[str]:
    """Give the service each of its limits. Checklist: Rate Limiting Configured."""
    for container, found in _services(spec):
        for name in _RATE_LIMITS:
            if _whole_number(found.get(name, "")) < 1:
                yield f"container {container}: {name} is not 1 or more"


@pod_rule("input-validation-active")
def input_validation_active(spec: Manifest) -> Iterator[str]:
    """Give the service each maximum, in bounds. Checklist: Input Validation Active."""
    for container, found in _services(spec):
        for name, most in LONGEST.items():
            if not 1 <= _whole_number(found.get(name, "")) <= most:
                yield f"container {container}: {name} is {found.get(name, 'not set')}, not 1 to {most}"


def _directives(manifest: Manifest, name: str) -> list[str]:
    """What each line of an nginx.conf that begins with `name` says; comments are no such lines."""
    text = (manifest.get("data") or {}).get("nginx.conf", "")
    return re.findall(rf"^\s*{name}\s+([^;]+);", text, re.MULTILINE)


def _is_nginx(manifest: Manifest) -> bool:
    return "nginx.conf" in (manifest.get("data") or {})


@object_rule("https-only", "ConfigMap")
def https_only(manifest: Manifest) -> Iterator[str]:
    """Serve clients by TLS 1.2 and 1.3 alone, with HSTS. Checklist: HTTPS Only."""
    if not _is_nginx(manifest):
        return
    for listen in _directives(manifest, "listen"):
        port, *options = listen.split()
        if "ssl" not in options and port.rpartition(":")[2] != str(edge.HEALTH_PORT):
            yield f"listen {listen}: no ssl"
    protocols = _directives(manifest, "ssl_protocols")
    if not protocols:
        yield "no ssl_protocols"
    for each in protocols:
        if old := set(each.split()) - {"TLSv1.2", "TLSv1.3"}:
            yield f"ssl_protocols has {', '.join(sorted(old))}"
    if not any("Strict-Transport-Security" in header for header in _directives(manifest, "add_header")):
        yield "no Strict-Transport-Security header"


@object_rule("edge-limits-each-client", "ConfigMap")
def edge_limits_each_client(manifest: Manifest) -> Iterator[str]:
    """Put limit_req into nginx.conf (guide, Reverse Proxy)."""
    if _is_nginx(manifest):
        yield from (f"no {name}" for name in ("limit_req_zone", "limit_req") if not _directives(manifest, name))


@object_rule("access-logs", "ConfigMap")
def access_logs(manifest: Manifest) -> Iterator[str]:
    """Log requests to a stream, which the kubelet keeps and rotates. Checklist: Access Logs."""
    logs = _directives(manifest, "access_log")
    if _is_nginx(manifest) and not any(log.startswith(_STREAMS) for log in logs):
        yield f"access_log is {', '.join(logs) or 'not set'}"
