"""The stack's settings, copied into the bucket beside the database's backups (guide, Backup Procedures)."""

from pathlib import Path

import pulumi
import yaml
from pulumi_kubernetes import core

from infra.backup_target import CA_FOLDER, CA_KEY, aws_variables, pod_labels, service_account_annotations, target
from infra.cron import cron_job
from infra.kube import metadata
from infra.pods import PodArgs, hardened_pod, resources
from infra.priorities import Priority
from infra.secret_refs import file_mounts, file_volumes
from infra.settings import BackupSettings, Settings

APP = "web4-configuration-copy"
SCRIPT = Path(__file__).parents[1] / "copy_configuration.py"
_FOLDER = "/etc/web4/configuration"


class ConfigurationCopyArgs(PodArgs):
    """Where, from which image (Postgres's, which has the stores' libraries for barman-cloud), and what is copied."""

    image: str
    backup: BackupSettings
    settings: Settings


class ConfigurationCopy(pulumi.ComponentResource):
    """A CronJob that writes `configuration/<time>.yaml` and reads it back.

    The file is what `Pulumi.<stack>.yaml` would say with every default written out. It holds no secret, as settings
    name files and Secrets only. Raises OSError when the script is not there.
    """

    def __init__(self, name: str, args: ConfigurationCopyArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:ConfigurationCopy", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        content = core.v1.ConfigMap(
            APP,
            metadata=metadata(APP, args.namespace, APP),
            data={"settings.yaml": as_stack(args.settings), SCRIPT.name: SCRIPT.read_text(encoding="utf-8")},
            opts=child,
        )
        account = core.v1.ServiceAccount(
            APP,
            metadata=metadata(APP, args.namespace, APP, service_account_annotations(args.backup)),
            automount_service_account_token=False,
            opts=child,
        )
        cron_job(
            APP,
            args.namespace,
            args.backup.configuration_schedule,
            _pod(args),
            pulumi.ResourceOptions(parent=self, depends_on=[content, account]),
            labels=pod_labels(args.backup),
            backoff_limit=2,
        )
        self.register_outputs({})


def as_stack(settings: Settings) -> str:
    """The settings as a `Pulumi.<stack>.yaml` says them."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump({"config": {f"web4-identity:{key}": value for key, value in values.items()}})


def _pod(args: ConfigurationCopyArgs) -> core.v1.PodSpecArgs:
    to = target(args.backup)
    plain = {"DESTINATION": to.destination, "ENDPOINT": to.endpoint or "", "ENCRYPTION": args.backup.encryption or ""}
    volume = core.v1.VolumeArgs(name="configuration", config_map=core.v1.ConfigMapVolumeSourceArgs(name=APP))
    return hardened_pod(
        {
            "name": "copy",
            "image": args.image,
            "command": ["python3", f"{_FOLDER}/{SCRIPT.name}", f"{_FOLDER}/settings.yaml"],
            "env": [
                *(core.v1.EnvVarArgs(name=name, value=value) for name, value in plain.items() if value),
                *aws_variables(args.backup),
            ],
            "volume_mounts": [
                core.v1.VolumeMountArgs(name="configuration", mount_path=_FOLDER, read_only=True),
                *file_mounts("backup-ca", to.ca_secret, CA_FOLDER),
            ],
            "resources": resources(cpu="50m", memory="64Mi", cpu_limit="500m", memory_limit="256Mi"),
        },
        args=args,
        priority=Priority.WATCHING,
        writable={"/tmp": "16Mi"},
        volumes=[volume, *file_volumes("backup-ca", to.ca_secret, CA_KEY)],
        service_account_name=APP,
        restart_policy="Never",
    )
