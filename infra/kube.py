"""Names, labels and small Kubernetes pieces that several components share."""

import hashlib
import json
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpecArgs,
    Service,
    ServicePortArgs,
    ServiceSpecArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

PART_OF = {"app.kubernetes.io/part-of": "web4-identity"}
"""On everything of ours; Prometheus selects its monitors and rules by it."""


def metadata(
    name: str,
    namespace: str,
    app: str | None = None,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
) -> ObjectMetaArgs:
    """Metadata with an explicit name; `app` is the label a component's own pods are selected by."""
    labels = {**PART_OF, **({"app": app} if app else {}), **(labels or {})}
    return ObjectMetaArgs(name=name, namespace=namespace, labels=labels, annotations=annotations)


def inner_service(
    name: str, app: str, namespace: str, port_name: str, port: int, opts: pulumi.ResourceOptions
) -> Service:
    """A Service inside the cluster at `name:port`, of the pods of `app` and their port called `port_name`."""
    return Service(
        name,
        metadata=metadata(name, namespace, app),
        spec=ServiceSpecArgs(
            type="ClusterIP",
            selector={"app": app},
            ports=[ServicePortArgs(name=port_name, port=port, target_port=port_name)],
        ),
        opts=opts,
    )


def volume_claim(app: str, namespace: str, storage: str, opts: pulumi.ResourceOptions) -> PersistentVolumeClaim:
    """A claim called `app` for a volume of that size, which one pod uses at a time.

    Pulumi does not wait for the volume: the usual StorageClass makes it for the first pod that wants it.
    """
    return PersistentVolumeClaim(
        app,
        metadata=metadata(app, namespace, app, {"pulumi.com/skipAwait": "true"}),
        spec=PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteOnce"], resources=VolumeResourceRequirementsArgs(requests={"storage": storage})
        ),
        opts=opts,
    )


def content_hash(*content: Any) -> str:
    """Eight hexadecimal digits that change whenever `content` (anything JSON can hold) changes."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


def custom_resource(
    api_version: str,
    kind: str,
    name: str,
    namespace: str,
    spec: dict[str, Any],
    opts: pulumi.ResourceOptions,
    *,
    app: str | None = None,
    wait_for: str | None = None,
) -> CustomResource:
    """An operator's resource. `wait_for` names the status condition that must be True before dependants go on.

    Without it Pulumi waits for nothing: a custom resource counts as made once it is stored.
    """
    annotations = {"pulumi.com/waitFor": f"condition={wait_for}"} if wait_for else None
    return CustomResource(
        f"{kind.lower()}-{name}",
        api_version=api_version,
        kind=kind,
        metadata=metadata(name, namespace, app, annotations),
        spec=spec,
        opts=opts,
    )
