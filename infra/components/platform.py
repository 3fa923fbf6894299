"""The operators the bundle stands on: CloudNativePG for Postgres, the Prometheus Operator for monitoring."""

import pulumi

from infra.frozen import Frozen
from infra.manifests import Manifest, adapt_workload, in_order, move_namespace, read_manifests
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
            self._install(
                [
                    adapt_workload(each, {"cloudnative-pg": args.images.cloudnative_pg})
                    for each in read_manifests(args.platform.manifest("cloudnative-pg.yaml"))
                ]
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
                        move_namespace(adapt_workload(each, monitoring_images), "default", MONITORING_NAMESPACE)
                        for each in read_manifests(args.platform.manifest("prometheus-operator.yaml"))
                    ),
                ]
            )
        self.register_outputs({})

    def _install(self, manifests: list[Manifest]) -> None:
        needed: list[pulumi.Resource] = []
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
