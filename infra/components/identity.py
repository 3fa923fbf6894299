"""The identity service: the guide's Option 4, behind the edge instead of a load balancer of its own."""

from typing import Any

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra import database_access, redis_access
from infra.availability import fixed_replicas, keep_available, spread
from infra.identity_environment import DRAIN_SECONDS, PORT, ServiceArgs, plain_variables
from infra.kube import metadata
from infra.pods import hardened_pod, http_get, resources
from infra.priorities import Priority

APP = "web4-identity"
SERVICE = "web4-identity-service"
SERVICE_PORT = 80


class IdentityArgs(ServiceArgs):
    """The service's code, and when its pods are made anew."""

    annotations: dict[str, Any]
    """On each pod; another value makes new ones."""


class Identity(pulumi.ComponentResource):
    """The service's pods, reachable inside the cluster at `web4-identity-service:80`."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        apps.v1.Deployment(
            APP,
            metadata=metadata(APP, args.namespace, APP),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=fixed_replicas(args.identity),
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": APP}),
                strategy=apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    # A new pod is ready before an old one goes: a rollout never serves with fewer than it should.
                    rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={"app": APP}, annotations=args.annotations or None),
                    spec=hardened_pod(
                        service_container(args),
                        args=args,
                        priority=Priority.SERVING,
                        topology_spread_constraints=spread(APP, args.pods),
                        writable={"/tmp": "64Mi"},
                        volumes=service_volumes(args),
                        # The drain, which takes the place of a preStop pause, then up to 20 s for requests under way.
                        termination_grace_period_seconds=DRAIN_SECONDS + 25,
                    ),
                ),
            ),
            opts=child,
        )
        core.v1.Service(
            SERVICE,
            metadata=metadata(SERVICE, args.namespace, APP),
            spec=core.v1.ServiceSpecArgs(
                # The guide has LoadBalancer here. The edge is what the internet reaches, so that no request gets
                # around its TLS, headers and limits.
                type="ClusterIP",
                selector={"app": APP},
                ports=[core.v1.ServicePortArgs(name="http", protocol="TCP", port=SERVICE_PORT, target_port=PORT)],
            ),
            opts=child,
        )
        keep_available(APP, args.namespace, args.identity, child)
        self.register_outputs({})


def service_volumes(args: ServiceArgs) -> list[core.v1.VolumeArgs]:
    """What service_container() mounts."""
    return [*database_access.ca_volumes(args.database), *redis_access.ca_volumes(args.redis)]


def service_container(args: ServiceArgs, **changes: str) -> dict[str, object]:
    """The service, as hardened_pod() takes it: here in its Deployment, and in the gate with `changes` to variables."""
    variables = {**plain_variables(args), **changes}
    return {
        "name": "identity-service",
        "image": args.image,
        "command": ["web4-identity", "serve"],
        "ports": [core.v1.ContainerPortArgs(name="http", container_port=PORT)],
        "env": [
            *(core.v1.EnvVarArgs(name=key, value=value) for key, value in variables.items()),
            *database_access.app_variables(args.database),
            *redis_access.redis_client_variables(args.redis),
        ],
        "volume_mounts": [*database_access.ca_mounts(args.database), *redis_access.ca_mounts(args.redis)],
        # Amounts: guide, Option 4.
        "resources": resources(cpu="250m", memory="512Mi", cpu_limit="500m", memory_limit="1Gi"),
        # The guide probes /health for both. A restart repairs neither Postgres nor Redis, so liveness asks /livez,
        # which needs neither; a pod whose database is away should get no requests, so readiness asks /readyz, which
        # does. The timings are the guide's.
        "liveness_probe": http_get("/livez", PORT, initial_delay_seconds=10, period_seconds=30),
        "readiness_probe": http_get("/readyz", PORT, initial_delay_seconds=5, period_seconds=10, timeout_seconds=3),
        # Holds the other two back until the first answer, and gives a busy node three minutes for it: a start that is
        # ended for being slow begins again, and makes the node busier.
        "startup_probe": http_get("/livez", PORT, period_seconds=2, failure_threshold=90),
    }
