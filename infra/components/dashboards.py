"""Grafana's dashboards, where our Grafana mounts them and the sidecar of another one finds them."""

import pulumi
from pulumi_kubernetes import core, meta

from dashboards import build_all
from infra.frozen import Frozen
from infra.kube import PART_OF


class DashboardsArgs(Frozen):
    """Where they go, and where the runbooks are that they link to."""

    namespace: str
    runbook_url: str


class Dashboards(pulumi.ComponentResource):
    """One ConfigMap for each dashboard, with the label Grafana's sidecar looks for."""

    def __init__(self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Dashboards", name, None, opts)
        for file_name, text in build_all(args.runbook_url).items():
            config_map = config_map_name(file_name)
            core.v1.ConfigMap(
                config_map,
                metadata=meta.v1.ObjectMetaArgs(
                    name=config_map, namespace=args.namespace, labels={**PART_OF, "grafana_dashboard": "1"}
                ),
                data={file_name: text},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def config_map_name(file_name: str) -> str:
    """The name of the ConfigMap with that dashboard."""
    return f"dashboard-{file_name.removesuffix('.json')}"
