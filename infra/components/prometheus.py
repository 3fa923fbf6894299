"""Prometheus: scrapes what our monitors name, evaluates our rules, sends alerts to Alertmanager."""

from typing import Any

import pulumi
from pulumi_kubernetes import core, rbac
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.components import alertmanager, identity
from infra.kube import PART_OF, custom_resource, metadata
from infra.kubelet_scrape import RULES, kubelet_scrape_config
from infra.operator_pods import operator_pod, operator_spread, volume
from infra.pods import PodArgs, resources
from infra.settings import MonitoringSettings, RemoteWriteSettings

NAME = "web4"
SERVICE = "prometheus-operated"
"""The operator makes this Service; port 9090."""

SERVICE_ACCOUNT = "web4-prometheus"
KUBELET_SECRET = "web4-prometheus-kubelet"


class PrometheusArgs(PodArgs):
    """Where, from which image, and how it scrapes and keeps."""

    image: str
    monitoring: MonitoringSettings
    rules: tuple[dict[str, Any], ...]
    """The groups of rules, in the form of a PrometheusRule."""


class Prometheus(pulumi.ComponentResource):
    """Prometheus, available, with the stack's rules and the monitors of the identity service and of itself."""

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Prometheus", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        custom_resource(
            "monitoring.coreos.com/v1",
            "ServiceMonitor",
            identity.APP,
            args.namespace,
            {
                "selector": {"matchLabels": {"app": identity.APP}},
                # The value of this label of the Service becomes the job's name: job="web4-identity", which the
                # guide's ServiceDown asks for.
                "jobLabel": "app",
                "endpoints": [{"port": "http", "path": "/metrics", "interval": args.monitoring.scrape_interval}],
            },
            child,
        )
        custom_resource(
            "monitoring.coreos.com/v1",
            "PodMonitor",
            "web4-pipeline",
            args.namespace,
            {
                "selector": {
                    "matchExpressions": [
                        {
                            "key": "app.kubernetes.io/name",
                            "operator": "In",
                            "values": ["prometheus", "alertmanager"],
                        }
                    ]
                },
                "jobLabel": "app.kubernetes.io/name",
                "podMetricsEndpoints": [{"port": "web"}],
            },
            child,
        )
        rules = {"groups": args.rules}
        custom_resource("monitoring.coreos.com/v1", "PrometheusRule", NAME, args.namespace, rules, child)
        custom_resource(
            "monitoring.coreos.com/v1",
            "Prometheus",
            NAME,
            args.namespace,
            _spec(args),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[*self._access(args.namespace), *self._nodes(args)],
                custom_timeouts=pulumi.CustomTimeouts(create="10m", update="10m"),
            ),
            wait_for="Available",
        )
        self.register_outputs({})

    def _access(self, namespace: str) -> list[pulumi.Resource]:
        """An account that may find the pods and Services of this one namespace, and do nothing else."""
        child = pulumi.ResourceOptions(parent=self)
        account = core.v1.ServiceAccount(SERVICE_ACCOUNT, metadata=metadata(SERVICE_ACCOUNT, namespace), opts=child)
        role = rbac.v1.Role(
            SERVICE_ACCOUNT,
            metadata=metadata(SERVICE_ACCOUNT, namespace),
            rules=[
                rbac.v1.PolicyRuleArgs(
                    api_groups=[""], resources=["pods", "services", "endpoints"], verbs=["get", "list", "watch"]
                ),
                rbac.v1.PolicyRuleArgs(
                    api_groups=["discovery.k8s.io"], resources=["endpointslices"], verbs=["get", "list", "watch"]
                ),
            ],
            opts=child,
        )
        binding = rbac.v1.RoleBinding(
            SERVICE_ACCOUNT,
            metadata=metadata(SERVICE_ACCOUNT, namespace),
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=SERVICE_ACCOUNT),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=SERVICE_ACCOUNT, namespace=namespace)],
            opts=child,
        )
        return [account, role, binding]

    def _nodes(self, args: PrometheusArgs) -> list[pulumi.Resource]:
        """What it takes to ask the nodes about the stack's containers."""
        if not args.monitoring.kubelet:
            return []
        child = pulumi.ResourceOptions(parent=self)
        name = f"{args.namespace}-prometheus-nodes"  # in no namespace, so it carries the stack's own
        config = core.v1.Secret(
            KUBELET_SECRET,
            metadata=metadata(KUBELET_SECRET, args.namespace),
            string_data={"kubelet.yaml": kubelet_scrape_config(args.namespace)},
            opts=child,
        )
        role = rbac.v1.ClusterRole(
            name,
            metadata=ObjectMetaArgs(name=name, labels=PART_OF),
            rules=[
                rbac.v1.PolicyRuleArgs(api_groups=rule["apiGroups"], resources=rule["resources"], verbs=rule["verbs"])
                for rule in RULES
            ],
            opts=child,
        )
        binding = rbac.v1.ClusterRoleBinding(
            name,
            metadata=ObjectMetaArgs(name=name, labels=PART_OF),
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=name),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=SERVICE_ACCOUNT, namespace=args.namespace)],
            opts=child,
        )
        return [config, role, binding]


def _spec(args: PrometheusArgs) -> dict[str, Any]:
    kept, remote = args.monitoring.storage, args.monitoring.remote_write
    kubelet = {"name": KUBELET_SECRET, "key": "kubelet.yaml"}
    ours = {"matchLabels": PART_OF}  # and, as no namespace selector is given, in this namespace only
    return {
        "replicas": args.monitoring.prometheus_replicas,
        "image": args.image,
        "version": args.monitoring.prometheus_version,
        "imagePullPolicy": "IfNotPresent",
        "serviceAccountName": SERVICE_ACCOUNT,
        "serviceDiscoveryRole": "EndpointSlice",  # Kubernetes 1.33 deprecated Endpoints
        "serviceMonitorSelector": ours,
        "podMonitorSelector": ours,
        "probeSelector": ours,
        "ruleSelector": ours,
        "scrapeInterval": args.monitoring.scrape_interval,
        "evaluationInterval": args.monitoring.scrape_interval,
        "retention": args.monitoring.retention,
        "alerting": {"alertmanagers": [{"name": alertmanager.SERVICE, "namespace": args.namespace, "port": "web"}]},
        **({"additionalScrapeConfigs": kubelet} if args.monitoring.kubelet else {}),
        **({"remoteWrite": [_remote_write(remote)]} if remote else {}),
        "topologySpreadConstraints": operator_spread(args, "app.kubernetes.io/name", "prometheus"),
        # Without a volume the figures are on the node's disk, and take no more of it than this.
        **({} if kept else {"retentionSize": "3GB"}),
        **operator_pod(
            args,
            resources(cpu="100m", memory="256Mi", cpu_limit="500m", memory_limit="768Mi"),
            disk="256Mi" if kept else "4Gi",
        ),
        **volume(kept),
    }


def _remote_write(remote: RemoteWriteSettings) -> dict[str, Any]:
    secret = remote.secret_name
    login = {key: {"name": secret, "key": key} for key in ("username", "password")} if secret else None
    return {"url": str(remote.url), **({"basicAuth": login} if login else {})}
