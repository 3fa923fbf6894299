"""Asks a rule of the policy pack what it says of Kubernetes objects."""

from collections.abc import Sequence
from typing import Any

from infra_recording import Program, is_secret
from pulumi_policy import (
    Policy,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import unknown_checking_proxy

from infra.policy.rules import RULES

NO_OPTIONS: Any = None  # no rule asks for them


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
        assert isinstance(rule, StackValidationPolicy)
        resources = [
            PolicyResource(token, props, "urn", "name", NO_OPTIONS, None, None, [], {}) for token, props in given
        ]
        rule.validate(StackValidationArgs(resources), report)
    return found


def _token(manifest: dict[str, Any]) -> str:
    return f"kubernetes:{manifest['apiVersion']}:{manifest['kind']}"


def plain(value: Any) -> Any:
    """A value as Pulumi hands it to a policy: a secret's own value."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def objects(program: Program) -> list[dict[str, Any]]:
    """The Kubernetes objects that it registers."""
    found = [each for each in program.resources if each.type.startswith("kubernetes:") and "kind" in each.inputs]
    assert len(found) > 30
    return [plain(each.inputs) for each in found]


def refused(manifests: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What each rule reports, by its name."""
    return {rule.name: found for rule in RULES if (found := violations(rule, manifests))}
