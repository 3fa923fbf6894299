"""The guide's Security Hardening Checklist, as far as it takes several objects to tell; the rest is in checklist.py."""

from collections.abc import Iterator

from infra.components import gate, identity
from infra.policy.kubernetes import Manifest, labels, pod, subject
from infra.policy.rule import object_rule, stack_rule

(VALIDATION_LABEL,) = gate.VALIDATION


@stack_rule("firewall-rules")
def firewall_rules(objects: list[Manifest]) -> Iterator[str]:
    """Give each namespace a NetworkPolicy that denies all its pods both ways. Checklist: Firewall Rules."""
    closed = {each["metadata"].get("namespace") for each in objects if _denies_all(each)}
    for each in objects:
        if each["kind"] == "Namespace" and each["metadata"]["name"] not in closed:
            yield f"{subject(each)}: no policy that denies all"


def _denies_all(manifest: Manifest) -> bool:
    if manifest["kind"] != "NetworkPolicy":
        return False
    spec = manifest["spec"]
    everyone = not any((spec.get("podSelector") or {}).values())
    both = {"Ingress", "Egress"} <= set(spec.get("policyTypes") or ())
    return everyone and both and not spec.get("ingress") and not spec.get("egress")


@object_rule("only-necessary-ports", "NetworkPolicy")
def only_necessary_ports(manifest: Manifest) -> Iterator[str]:
    """Name the peers and ports of each rule. Checklist: Firewall Rules."""
    for way, peers in (("ingress", "from"), ("egress", "to")):
        for rule in manifest["spec"].get(way) or ():
            yield from (f"a rule of {way} without {key}" for key in (peers, "ports") if not rule.get(key))


@stack_rule("monitoring-enabled")
def monitoring_enabled(objects: list[Manifest]) -> Iterator[str]:
    """Make a Prometheus, a monitor of the service's pods, and the dashboards. Checklist: Monitoring Enabled."""
    if not _of_kind(objects, "Prometheus"):
        yield "no Prometheus"
    monitors = _of_kind(objects, "PodMonitor", "ServiceMonitor")
    selected = [(each["spec"].get("selector") or {}).get("matchLabels") or {} for each in monitors]
    if not any(each.get("app") == identity.APP for each in selected):
        yield f"no PodMonitor or ServiceMonitor that selects app={identity.APP}"
    if not any(labels(each).get("grafana_dashboard") for each in _of_kind(objects, "ConfigMap")):
        yield "no ConfigMap with a dashboard"


@stack_rule("alerts-configured")
def alerts_configured(objects: list[Manifest]) -> Iterator[str]:
    """Make critical alerts, and an Alertmanager that Prometheus tells. Checklist: Alerts Configured."""
    if not _of_kind(objects, "Alertmanager"):
        yield "no Alertmanager"
    for each in _of_kind(objects, "Prometheus"):
        if not ((each["spec"].get("alerting") or {}).get("alertmanagers")):
            yield f"{subject(each)}: tells no Alertmanager"
    groups = [group for each in _of_kind(objects, "PrometheusRule") for group in each["spec"]["groups"]]
    severities = {(rule.get("labels") or {}).get("severity") for group in groups for rule in group["rules"]}
    if "critical" not in severities:
        yield "no alert of severity critical"


@object_rule("somebody-on-call", "Alertmanager")
def somebody_on_call(manifest: Manifest) -> Iterator[str]:
    """Set monitoring.pager: who is called by critical alerts. Checklist: Alerts Configured."""
    if not manifest["spec"].get("secrets"):
        yield "no pager's Secret"


@stack_rule("backup-procedures")
def backup_procedures(objects: list[Manifest]) -> Iterator[str]:
    """Give each Postgres cluster an archive and a ScheduledBackup. Checklist: Backup Procedures."""
    scheduled = {each["spec"]["cluster"]["name"] for each in _of_kind(objects, "ScheduledBackup")}
    for each in objects:
        if not (each["kind"] == "Cluster" and each["apiVersion"].startswith("postgresql.cnpg.io/")):
            continue
        archivers = [plugin for plugin in each["spec"].get("plugins") or () if plugin.get("isWALArchiver")]
        if not (each["spec"].get("backup") or archivers):
            yield f"{subject(each)}: no archive"
        if each["metadata"]["name"] not in scheduled:
            yield f"{subject(each)}: no ScheduledBackup"


@stack_rule("security-validation")
def security_validation(objects: list[Manifest]) -> Iterator[str]:
    """Run the validation before traffic moves, and each week. Checklist: Security Validation."""
    kinds = {each["kind"] for each in objects if (found := pod(each)) and labels(found).get(VALIDATION_LABEL)}
    yield from (
        f"no {kind} whose pods have the label {VALIDATION_LABEL}" for kind in ("Job", "CronJob") if kind not in kinds
    )


def _of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in objects if each["kind"] in kinds]
