"""The namespace everything of ours lives in."""

import pulumi
from pulumi_kubernetes import core, meta

from infra.frozen import Frozen
from infra.kube import PART_OF


class WorkNamespaceArgs(Frozen):
    """The namespace's name (the guide's: web4)."""

    namespace: str


class WorkNamespace(pulumi.ComponentResource):
    """A namespace that refuses any pod below the pod-security level `restricted`, the operators' pods included."""

    def __init__(self, name: str, args: WorkNamespaceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:WorkNamespace", name, None, opts)
        core.v1.Namespace(
            "namespace",
            metadata=meta.v1.ObjectMetaArgs(
                name=args.namespace,
                labels={
                    **PART_OF,
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/enforce-version": "latest",
                },
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
