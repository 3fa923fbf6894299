"""Asks a rule of the policy pack what it says of Kubernetes objects."""

from collections.abc import Sequence
from typing import Any

from pulumi_policy import Policy, PolicyResource, ResourceValidationArgs, ResourceValidationPolicy, StackValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

NO_OPTIONS = None


def violations(rule: Policy, manifests: Sequence[dict[str, Any]]) -> list[str]:
    """What `rule` reports, handed the objects as Pulumi hands them."""
    found: list[str] = []
    given = [(_token(each), unknown_checking_proxy(each)) for each in manifests]

    def report(message: str, urn: str | None = None) -> None:
        found.append(message)

    if isinstance(rule, ResourceValidationPolicy):
        for token, props in given:
            rule.validate(ResourceValidationArgs(token, props, "urn", "name", NO_OPTIONS, None), report)
    else:
        resources = [
            PolicyResource(token, props, "urn", "name", NO_OPTIONS, None, None, [], {}) for token, props in given
        ]
        rule.validate(StackValidationArgs(resources), report)
    return found


def _token(manifest: dict[str, Any]) -> str:
    return f"kubernetes:{manifest['apiVersion']}:{manifest['kind']}"
