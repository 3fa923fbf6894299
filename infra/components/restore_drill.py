"""The restore drill, monthly: a second cluster from the backups, compared with the first, and removed again.

What it does is the service's own command, `web4-identity restore-drill`; `make restore-drill` starts the same Job.
"""

import pulumi
from pulumi_kubernetes import core, rbac

from infra import database_access
from infra.components import database, pushgateway
from infra.cron import cron_job
from infra.kube import metadata
from infra.pods import PodArgs, hardened_pod, resources
from infra.priorities import Priority
from infra.settings import BackupSettings, DatabaseSettings

APP = "web4-restore-drill"
CLUSTER = f"{database.CLUSTER}-drill"
_TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


class RestoreDrillArgs(PodArgs):
    """Where, from which image (the service's), and when."""

    image: str
    database: DatabaseSettings
    backup: BackupSettings


class RestoreDrill(pulumi.ComponentResource):
    """A CronJob whose account may make Clusters, and remove the one of the drill."""

    def __init__(self, name: str, args: RestoreDrillArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:RestoreDrill", name, None, opts)
        cron_job(
            APP,
            args.namespace,
            args.backup.drill_schedule,
            _pod(args),
            pulumi.ResourceOptions(parent=self, depends_on=self._access(args.namespace)),
            backoff_limit=0,  # a restore that has to be tried twice is not a proved one
            # Beside the restore: waiting for the archive, comparing, removing.
            active_deadline_seconds=60 * (args.backup.drill_minutes + 30),
        )
        self.register_outputs({})

    def _access(self, namespace: str) -> list[pulumi.Resource]:
        """An account that may do what one drill needs. A right to create cannot be limited to a name."""
        child = pulumi.ResourceOptions(parent=self)
        account = core.v1.ServiceAccount(
            APP, metadata=metadata(APP, namespace, APP), automount_service_account_token=False, opts=child
        )
        operators = "postgresql.cnpg.io"
        role = rbac.v1.Role(
            APP,
            metadata=metadata(APP, namespace, APP),
            rules=[
                rbac.v1.PolicyRuleArgs(api_groups=[operators], resources=["clusters"], verbs=["create"]),
                rbac.v1.PolicyRuleArgs(
                    api_groups=[operators],
                    resources=["clusters"],
                    resource_names=[database.CLUSTER, CLUSTER],
                    verbs=["get"],
                ),
                rbac.v1.PolicyRuleArgs(
                    api_groups=[operators], resources=["clusters"], resource_names=[CLUSTER], verbs=["delete"]
                ),
                # Whether a restore failed is known from its Job alone; whether all is gone, from the volumes' claims.
                rbac.v1.PolicyRuleArgs(api_groups=["batch"], resources=["jobs"], verbs=["list"]),
                rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["persistentvolumeclaims", "pods"], verbs=["list"]),
            ],
            opts=child,
        )
        binding = rbac.v1.RoleBinding(
            APP,
            metadata=metadata(APP, namespace, APP),
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=APP),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=APP, namespace=namespace)],
            opts=child,
        )
        return [account, role, binding]


def _pod(args: RestoreDrillArgs) -> core.v1.PodSpecArgs:
    return hardened_pod(
        {
            "name": "drill",
            "image": args.image,
            "command": [
                "web4-identity",
                "restore-drill",
                f"--cluster={database.CLUSTER}",
                f"--restored={CLUSTER}",
                f"--minutes={args.backup.drill_minutes}",
                f"--push-to={pushgateway.SERVICE}:{pushgateway.PORT}",
            ],
            "env": database_access.app_variables(args.database),
            "volume_mounts": [
                *database_access.ca_mounts(args.database),
                core.v1.VolumeMountArgs(name="token", mount_path=_TOKEN_FOLDER, read_only=True),
            ],
            "resources": resources(cpu="100m", memory="128Mi", cpu_limit="500m", memory_limit="512Mi"),
        },
        args=args,
        priority=Priority.WATCHING,
        writable={"/tmp": "64Mi"},
        volumes=[*database_access.ca_volumes(args.database), _token()],
        service_account_name=APP,
        restart_policy="Never",
    )


def _token() -> core.v1.VolumeArgs:
    """What Kubernetes would mount by itself: asked for, since no pod of ours gets it unasked."""
    sources = [
        core.v1.VolumeProjectionArgs(
            service_account_token=core.v1.ServiceAccountTokenProjectionArgs(path="token", expiration_seconds=3600)
        ),
        core.v1.VolumeProjectionArgs(
            config_map=core.v1.ConfigMapProjectionArgs(
                name="kube-root-ca.crt", items=[core.v1.KeyToPathArgs(key="ca.crt", path="ca.crt")]
            )
        ),
        core.v1.VolumeProjectionArgs(
            downward_api=core.v1.DownwardAPIProjectionArgs(
                items=[
                    core.v1.DownwardAPIVolumeFileArgs(
                        path="namespace",
                        field_ref=core.v1.ObjectFieldSelectorArgs(field_path="metadata.namespace"),
                    )
                ]
            )
        ),
    ]
    return core.v1.VolumeArgs(name="token", projected=core.v1.ProjectedVolumeSourceArgs(sources=sources))
