"""Backups: base backups on a schedule, the stack's settings beside them, and the drill that proves them.

WAL is archived by the operator, as the Cluster itself says (infra/components/database.py).
"""

from typing import Any

import pulumi

from infra.components import database
from infra.components.configuration_copy import ConfigurationCopy, ConfigurationCopyArgs
from infra.components.restore_drill import RestoreDrill, RestoreDrillArgs
from infra.kube import custom_resource
from infra.pods import PodArgs
from infra.settings import BackupSettings, Settings


class BackupArgs(PodArgs):
    """Where, and all that the stack is made of."""

    settings: Settings


class Backup(pulumi.ComponentResource):
    """A base backup at once and then on schedule, which Pulumi does not wait for; nothing without `backup`."""

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Backup", name, None, opts)
        if args.settings.backup:
            self._backups(args, args.settings.backup)
        self.register_outputs({})

    def _backups(self, args: BackupArgs, backup: BackupSettings) -> None:
        child = pulumi.ResourceOptions(parent=self)
        images = args.settings.images
        place: dict[str, Any] = {"namespace": args.namespace, "pods": args.pods, "backup": backup}
        custom_resource(
            "postgresql.cnpg.io/v1",
            "ScheduledBackup",
            database.CLUSTER,
            args.namespace,
            {
                "schedule": f"0 {backup.base_schedule}",  # the operator's has a field for seconds
                "immediate": True,
                "method": "barmanObjectStore",
                "backupOwnerReference": "cluster",
                "cluster": {"name": database.CLUSTER},
            },
            child,
        )
        ConfigurationCopy(
            "configuration-copy",
            ConfigurationCopyArgs(**place, image=images.postgres, settings=args.settings),
            child,
        )
        RestoreDrill(
            "restore-drill",
            RestoreDrillArgs(**place, image=images.identity, database=args.settings.database),
            child,
        )
