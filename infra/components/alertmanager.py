"""Alertmanager: groups what Prometheus sends and hands it to whoever is on call."""

from typing import Any

import pulumi
from pulumi_kubernetes import core

from infra.alertmanager_conf import render_alertmanager_conf
from infra.kube import custom_resource, metadata
from infra.operator_pods import operator_pod, operator_spread, volume
from infra.pods import PodArgs, resources
from infra.settings import MonitoringSettings

NAME = "web4"
SERVICE = "alertmanager-operated"
"""The operator makes this Service; port 9093."""

CONFIG_SECRET = "web4-alertmanager-config"


class AlertmanagerArgs(PodArgs):
    """Where, from which image, and how much it may keep."""

    image: str
    monitoring: MonitoringSettings


class Alertmanager(pulumi.ComponentResource):
    """Alertmanager, available, with the routes of monitoring/alertmanager and the stack's receivers."""

    def __init__(self, name: str, args: AlertmanagerArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Alertmanager", name, None, opts)
        conf = render_alertmanager_conf(args.monitoring)
        config = core.v1.Secret(
            CONFIG_SECRET,
            metadata=metadata(CONFIG_SECRET, args.namespace),
            string_data={"alertmanager.yaml": pulumi.Output.secret(conf)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        custom_resource(
            "monitoring.coreos.com/v1",
            "Alertmanager",
            NAME,
            args.namespace,
            _spec(args),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[config],
                custom_timeouts=pulumi.CustomTimeouts(create="10m", update="10m"),
            ),
            wait_for="Available",
        )
        self.register_outputs({})


def _spec(args: AlertmanagerArgs) -> dict[str, Any]:
    secrets = sorted({receiver.secret_name for receiver in args.monitoring.receivers.values()})
    return {
        "replicas": args.monitoring.alertmanager_replicas,
        "image": args.image,
        "version": args.monitoring.alertmanager_version,
        "imagePullPolicy": "IfNotPresent",
        "configSecret": CONFIG_SECRET,
        **({"secrets": secrets} if secrets else {}),
        "automountServiceAccountToken": False,
        "topologySpreadConstraints": operator_spread(args, "app.kubernetes.io/name", "alertmanager"),
        **operator_pod(args, resources(cpu="25m", memory="64Mi", cpu_limit="250m", memory_limit="128Mi"), "256Mi"),
        **volume("1Gi" if args.monitoring.storage else None),  # silences, and what was sent
    }
