"""Every rule of the pack: each one that these modules define."""

from pulumi_policy import Policy

from infra.policy import checklist, hygiene, objects, pod_security, stack_checklist

RULES: list[Policy] = [
    rule
    for module in (checklist, stack_checklist, pod_security, hygiene, objects)
    for rule in vars(module).values()
    if isinstance(rule, Policy)
]
