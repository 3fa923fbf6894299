"""The namespace everything of ours lives in, and what everything in it may take."""

import pulumi
from pulumi_kubernetes import core, meta, scheduling

from infra.kube import PART_OF, metadata
from infra.pods import DISK_LIMIT, DISK_REQUEST, PodArgs, resources, with_disk
from infra.priorities import CLASSES, priority_class
from infra.settings import QuotaSettings

NAME = "web4"


class WorkNamespaceArgs(PodArgs):
    """The namespace's name (the guide's: web4), and how much goes into it."""

    quota: QuotaSettings


class WorkNamespace(pulumi.ComponentResource):
    """A namespace that refuses any pod below the pod-security level `restricted`, the operators' pods included.

    Its quota stops what grows without end; a container that says nothing of what it needs (an operator's sidecar) is
    given a little. The PriorityClasses belong to the whole cluster and carry the namespace's name.
    """

    def __init__(self, name: str, args: WorkNamespaceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:WorkNamespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = core.v1.Namespace(
            "namespace",
            metadata=meta.v1.ObjectMetaArgs(
                name=args.namespace,
                labels={
                    **PART_OF,
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/enforce-version": "latest",
                },
            ),
            opts=child,
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        core.v1.ResourceQuota(
            NAME,
            metadata=metadata(NAME, args.namespace),
            spec=core.v1.ResourceQuotaSpecArgs(
                hard={
                    "requests.cpu": args.quota.cpu,
                    "limits.memory": args.quota.memory,
                    "pods": str(args.quota.pods),
                }
            ),
            opts=inside,
        )
        unsaid = with_disk(
            resources(cpu="10m", memory="32Mi", cpu_limit="250m", memory_limit="128Mi"),
            args.pods,
            DISK_REQUEST,
            DISK_LIMIT,
        )
        core.v1.LimitRange(
            NAME,
            metadata=metadata(NAME, args.namespace),
            spec=core.v1.LimitRangeSpecArgs(
                limits=[
                    core.v1.LimitRangeItemArgs(
                        type="Container", default_request=unsaid["requests"], default=unsaid["limits"]
                    )
                ]
            ),
            opts=inside,
        )
        for priority, (value, description) in CLASSES.items():
            scheduling.v1.PriorityClass(
                f"priority-{priority}",
                metadata=meta.v1.ObjectMetaArgs(name=priority_class(args.namespace, priority), labels=PART_OF),
                value=value,
                description=description,
                opts=child,
            )
        self.register_outputs({})
