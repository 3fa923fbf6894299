"""Grafana's dashboards, where its sidecar finds them."""

import pulumi
from pulumi_kubernetes import core, meta

from dashboards import build_all
from infra.frozen import Frozen
from infra.kube import PART_OF


class DashboardsArgs(Frozen):
    """Where they go."""

    namespace: str


class Dashboards(pulumi.ComponentResource):
    """One ConfigMap for each dashboard, with the label Grafana's sidecar looks for."""

    def __init__(self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Dashboards", name, None, opts)
        for file_name, text in build_all().items():
            config_map = f"dashboard-{file_name.removesuffix('.json')}"
            core.v1.ConfigMap(
                config_map,
                metadata=meta.v1.ObjectMetaArgs(
                    name=config_map, namespace=args.namespace, labels={**PART_OF, "grafana_dashboard": "1"}
                ),
                data={file_name: text},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
