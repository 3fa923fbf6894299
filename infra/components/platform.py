"""The operators the bundle stands on: CloudNativePG for Postgres, the Prometheus Operator for monitoring."""

import pulumi
from pulumi_kubernetes import meta, scheduling

from infra.frozen import Frozen
from infra.kube import PART_OF
from infra.manifests import Manifest, adapt_workload, in_order, move_namespace, read_manifests
from infra.priorities import OPERATORS, OPERATORS_VALUE
from infra.settings import ImageSettings, PlatformSettings

MONITORING_NAMESPACE = "monitoring-system"
"""Where the Prometheus Operator goes: its manifest puts it in `default`, which belongs to nobody."""


class PlatformArgs(Frozen):
    """What the operators are installed from."""

    platform: PlatformSettings
    images: ImageSettings


class Platform(pulumi.ComponentResource):
    """Both operators, running; nothing at all when the cluster has them already.

    Whoever makes one of their custom resources depends on this component. It is ready when the operators' Deployments
    are available; CloudNativePG's readiness probe asks its webhook server, so the webhooks answer by then as well.
    Raises OSError or yaml.YAMLError for a manifest that cannot be read.
    """

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Platform", name, None, opts)
        if args.platform.install:
            # Without a class they are the first that a full node does without, whatever pod of ours comes.
            first = scheduling.v1.PriorityClass(
                "priority-operators",
                metadata=meta.v1.ObjectMetaArgs(name=OPERATORS, labels=PART_OF),
                value=OPERATORS_VALUE,
                description="The operators of Postgres and Prometheus: only they make and mend either",
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._install(
                [
                    adapt_workload(each, {"cloudnative-pg": args.images.cloudnative_pg}, OPERATORS)
                    for each in read_manifests(args.platform.manifest("cloudnative-pg.yaml"))
                ],
                first,
            )
            monitoring_images = {
                "prometheus-operator": args.images.prometheus_operator,
                "prometheus-config-reloader": args.images.config_reloader,
            }
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": MONITORING_NAMESPACE}}
            self._install(
                [
                    namespace,
                    *(
                        move_namespace(
                            adapt_workload(each, monitoring_images, OPERATORS), "default", MONITORING_NAMESPACE
                        )
                        for each in read_manifests(args.platform.manifest("prometheus-operator.yaml"))
                    ),
                ],
                first,
            )
        self.register_outputs({})

    def _install(self, manifests: list[Manifest], first: pulumi.Resource) -> None:
        needed = [first]
        for group in in_order(manifests):
            needed = needed + [self._register(each, needed) for each in group]

    def _register(self, manifest: Manifest, needed: list[pulumi.Resource]) -> pulumi.Resource:
        api = manifest["apiVersion"] if "/" in manifest["apiVersion"] else f"core/{manifest['apiVersion']}"
        return pulumi.CustomResource(
            f"kubernetes:{api}:{manifest['kind']}",
            f"{manifest['kind'].lower()}-{manifest['metadata']['name']}",
            manifest,
            pulumi.ResourceOptions(
                parent=self,
                depends_on=needed,
                # CloudNativePG signs its own certificate and writes it here at every start.
                ignore_changes=["webhooks[*].clientConfig.caBundle"] if "webhooks" in manifest else None,
            ),
        )
