"""Makes a rule from a function that finds what is wrong.

The function's docstring says what to do, and what it yields says where it is to be done: Pulumi prints both.
"""

from collections.abc import Callable, Iterator
from functools import wraps

from pulumi_policy import (
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from infra.policy.exceptions import waived
from infra.policy.kubernetes import Manifest, pod, subject

Find = Callable[[Manifest], Iterator[str]]
FindInStack = Callable[[list[Manifest]], Iterator[str]]


def object_rule(name: str, *kinds: str) -> Callable[[Find], ResourceValidationPolicy]:
    """A rule about each object of these kinds (none: of every kind), before it is made."""

    def decorate(find: Find) -> ResourceValidationPolicy:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            manifest = args.props
            if not _is_object(args.resource_type, manifest) or (kinds and manifest["kind"] not in kinds):
                return
            if not waived(name, subject(manifest)):
                for problem in find(manifest):
                    report(f"{subject(manifest)}: {problem}", None)

        return ResourceValidationPolicy(name, find.__doc__ or "", validate)

    return decorate


def pod_rule(name: str) -> Callable[[Find], ResourceValidationPolicy]:
    """A rule about each pod, whatever kind of object makes it; the function gets the pod's spec."""

    def decorate(find: Find) -> ResourceValidationPolicy:
        @wraps(find)
        def find_in_pod(manifest: Manifest) -> Iterator[str]:
            if found := pod(manifest):
                yield from find(found["spec"])

        return object_rule(name)(find_in_pod)

    return decorate


def stack_rule(name: str) -> Callable[[FindInStack], StackValidationPolicy]:
    """A rule about all objects of the stack together: at the end of a preview, and of an update."""

    def decorate(find: FindInStack) -> StackValidationPolicy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            objects = [each.props for each in args.resources if _is_object(each.resource_type, each.props)]
            for problem in find([each for each in objects if not waived(name, subject(each))]):
                report(problem, None)

        return StackValidationPolicy(name, find.__doc__ or "", validate)

    return decorate


def _is_object(resource_type: str, props: Manifest) -> bool:
    """Not a component, nor a provider."""
    return resource_type.startswith("kubernetes:") and "kind" in props
