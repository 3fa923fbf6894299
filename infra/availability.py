"""What keeps several pods of a kind serving: apart from each other, never all drained at once, and enough of them."""

import pulumi
from pulumi_kubernetes import autoscaling, core, meta, policy

from infra.kube import metadata
from infra.settings import PodSettings, Scaling

TOPOLOGIES = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
NODE_TAINTS = "Honor"
"""A zone or node that takes no pod does not count as an empty one. Kubernetes' default, Ignore, would keep every
other place waiting for it: no pod could be put anywhere for as long as a zone is lost (docs/scale.md)."""
CPU_TARGET = 70
"""Percent of the CPU that pods ask for, on average, at which there are enough of them."""


def spread(app: str, pods: PodSettings) -> list[core.v1.TopologySpreadConstraintArgs]:
    """A Deployment's pods evenly over zones and nodes, each revision by itself: a rollout must not block itself."""
    return [
        core.v1.TopologySpreadConstraintArgs(
            topology_key=key,
            max_skew=1,
            when_unsatisfiable=pods.spread,
            node_taints_policy=NODE_TAINTS,
            label_selector=meta.v1.LabelSelectorArgs(match_labels={"app": app}),
            match_label_keys=["pod-template-hash"],
        )
        for key in TOPOLOGIES
    ]


def fixed_replicas(scaling: Scaling) -> int | None:
    """The Deployment's `replicas`; None where the autoscaler owns it, which every `pulumi up` would undo otherwise."""
    return scaling.replicas if scaling.max_replicas is None else None


def keep_available(app: str, namespace: str, scaling: Scaling, opts: pulumi.ResourceOptions) -> None:
    """The disruption budget of several pods, and the autoscaler if there may be more. In: the Deployment's name."""
    if scaling.replicas > 1:
        policy.v1.PodDisruptionBudget(
            app,
            metadata=metadata(app, namespace, app),
            spec=policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": app}),
                # A pod that serves nobody anyway must not keep a node from being emptied.
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=opts,
        )
    if scaling.max_replicas is not None:
        autoscaling.v2.HorizontalPodAutoscaler(
            app,
            metadata=metadata(app, namespace, app),
            spec=autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
                scale_target_ref=autoscaling.v2.CrossVersionObjectReferenceArgs(
                    api_version="apps/v1", kind="Deployment", name=app
                ),
                min_replicas=scaling.replicas,
                max_replicas=scaling.max_replicas,
                metrics=[
                    autoscaling.v2.MetricSpecArgs(
                        type="Resource",
                        resource=autoscaling.v2.ResourceMetricSourceArgs(
                            name="cpu",
                            target=autoscaling.v2.MetricTargetArgs(type="Utilization", average_utilization=CPU_TARGET),
                        ),
                    )
                ],
            ),
            opts=opts,
        )
