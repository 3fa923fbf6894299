"""What may break a rule, by name, and why."""

from infra.frozen import Frozen


class Waiver(Frozen):
    """One object that one rule does not look at."""

    rule: str
    subject: str
    """The object, as `infra.policy.kubernetes.subject` writes it."""
    reason: str


_OPERATORS = ("Deployment cnpg-system/cnpg-controller-manager", "Deployment monitoring-system/prometheus-operator")
_NAMESPACES = ("Namespace cnpg-system", "Namespace monitoring-system")

WAIVERS = (
    *(
        Waiver(rule="no-api-token", subject=operator, reason="an operator works through the API server")
        for operator in _OPERATORS
    ),
    *(
        Waiver(rule=rule, subject=namespace, reason="holds an operator alone, as its publisher describes it")
        for namespace in _NAMESPACES
        for rule in ("namespace-is-restricted", "firewall-rules")
    ),
)


def waived(rule: str, subject: str) -> bool:
    """Whether `rule` does not look at `subject`."""
    return any((waiver.rule, waiver.subject) == (rule, subject) for waiver in WAIVERS)
