"""What namespaces, Services, roles, ConfigMaps and Secrets may be."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from infra.components import edge
from infra.policy.hygiene import READABLE_SECRET
from infra.policy.kubernetes import Manifest, labels, subject
from infra.policy.rule import object_rule, stack_rule

_PUBLIC_KEYS = {"username", "user", "tls.crt", "ca.crt"}
"""What a Secret holds that is none."""

_SHORTEST = 8
"""Characters of a secret that is looked for: a shorter one would be found in any word."""


@object_rule("namespace-is-restricted", "Namespace")
def namespace_is_restricted(manifest: Manifest) -> Iterator[str]:
    """Label it pod-security.kubernetes.io/enforce: restricted."""
    level = labels(manifest).get("pod-security.kubernetes.io/enforce")
    if level != "restricted":
        yield f"enforces {level or 'nothing'}"


@object_rule("one-way-in", "Service")
def one_way_in(manifest: Manifest) -> Iterator[str]:
    """Make it a ClusterIP Service: the only way in is web4-edge, by 443."""
    spec = manifest.get("spec") or {}
    kind = spec.get("type", "ClusterIP")
    if manifest["metadata"]["name"] == edge.NAME:
        yield from (f"port {port['port']:g}" for port in spec["ports"] if port["port"] != 443)
    elif kind != "ClusterIP" or spec.get("externalIPs"):
        yield f"type {kind}" if kind != "ClusterIP" else "externalIPs is set"


@object_rule("no-all-powerful-role", "ClusterRole", "Role")
def no_all_powerful_role(manifest: Manifest) -> Iterator[str]:
    """Name the API groups, resources and verbs that are needed."""
    for rule in manifest.get("rules") or ():
        if all("*" in (rule.get(key) or ()) for key in ("resources", "verbs")):
            yield "may do everything with everything"


@object_rule("no-cluster-admin", "ClusterRoleBinding", "RoleBinding")
def no_cluster_admin(manifest: Manifest) -> Iterator[str]:
    """Bind a role of its own."""
    if (manifest.get("roleRef") or {}).get("name") == "cluster-admin":
        yield "binds cluster-admin"


@object_rule("no-secret-in-a-configmap", "ConfigMap")
def no_secret_in_a_configmap(manifest: Manifest) -> Iterator[str]:
    """Put the value into a Secret."""
    yield from (f"key {key}" for key, text in (manifest.get("data") or {}).items() if READABLE_SECRET.search(text))


@stack_rule("secrets-stay-in-secrets")
def secrets_stay_in_secrets(objects: list[Manifest]) -> Iterator[str]:
    """Refer to the Secret instead of repeating its value."""
    known = {value: subject(each) for each in objects if each["kind"] == "Secret" for value in _values(each)}
    for each in objects:
        if each["kind"] != "Secret":
            text = json.dumps(each, default=_plain, ensure_ascii=False)
            for value, secret in known.items():
                if json.dumps(value, ensure_ascii=False)[1:-1] in text:
                    yield f"{subject(each)}: holds a value of {secret}"


def _values(secret: Manifest) -> Iterator[str]:
    """What is to be kept of a Secret, as text: as the program gives it, or as the API server gives it back."""
    found = list((secret.get("stringData") or {}).items())
    for key, value in (secret.get("data") or {}).items():
        found.append((key, base64.b64decode(value).decode(errors="replace")))
    yield from (text.strip() for key, text in found if key not in _PUBLIC_KEYS and len(text.strip()) >= _SHORTEST)


def _plain(value: object) -> object:
    """Pulumi's read-only views, as JSON has them."""
    return dict(value) if isinstance(value, Mapping) else list(cast(Sequence[Any], value))
