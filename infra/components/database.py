"""Postgres for the LCT registry, as a CloudNativePG cluster."""

from datetime import UTC
from typing import Any

import pulumi
from pulumi_kubernetes import core

from infra.availability import TOPOLOGIES
from infra.backup_target import barman_object_store, pod_labels, service_account_annotations
from infra.connections import READERS
from infra.kube import custom_resource, metadata
from infra.pods import PodArgs, resources, with_disk
from infra.priorities import Priority, priority_class
from infra.secret_refs import secret_words
from infra.settings import BackupSettings, DatabaseSettings

CLUSTER = "web4-identity-db"
DATABASE = "web4_identity_db"
OWNER = "web4_identity"
"""Database and user are the guide's (Database Security). The operator makes the user the database's owner, which the
migrations alone log in as; it has no right on any other database."""

APP_ROLE = "web4_identity_app"
READER_ROLE = "web4_identity_read"
"""The service's role, and one for people and dashboards. The migrations give them their rights
(service/web4_identity/db/rights.py), which owning anything is none of."""

HOST, PORT = f"{CLUSTER}-rw", 5432
"""Where the operator's Service leads to the primary."""

APP_SECRET = "web4-identity-db-service"
PASSWORD_KEY = "password"
OTHER_PASSWORD_KEY = "other_password"
"""The password, and while it changes the one that the role is about to have or had; docs/operations.md, Rotation."""

SECRET = f"{CLUSTER}-app"
SECRET_URI = "uri"
"""The operator makes this Secret; `uri` holds the whole DSN, password included, so that ours never hold one."""

CA_SECRET = f"{CLUSTER}-ca"
CA_KEY = "ca.crt"
"""The operator makes this Secret too: the CA of the servers' certificates, which are for the DSN's host name."""

QUORUM = 3
"""From this many instances on, a commit waits until a replica has it on disk, whatever happens to the others."""


class DatabaseArgs(PodArgs):
    """Where, how large and from which image."""

    image: str
    database: DatabaseSettings
    backup: BackupSettings | None
    app_connections: int
    """The most that the service opens."""


class Database(pulumi.ComponentResource):
    """The cluster, ready to take connections at `web4-identity-db-rw:5432`, and what scrapes it.

    Its roles come a moment after it is ready. With an external Postgres there is none of this. Raises OSError when the
    password's file cannot be read.
    """

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Database", name, None, opts)
        self.password = self._password(args)
        """The Secret of the service's role, where the stack makes it."""
        if args.database.external is None:
            self._cluster(args)
        self.register_outputs({})

    def _cluster(self, args: DatabaseArgs) -> None:
        storage = {"size": args.database.storage}
        if args.database.storage_class:
            storage["storageClass"] = args.database.storage_class
        cluster = custom_resource(
            "postgresql.cnpg.io/v1",
            "Cluster",
            CLUSTER,
            args.namespace,
            {
                "instances": args.database.instances,
                "imageName": args.image,
                "imagePullPolicy": "IfNotPresent",
                # How long a stopping instance waits for its clients to leave by themselves, in seconds: the service's
                # pools never do, and with one instance every second of it is an outage. Default 180.
                "smartShutdownTimeout": 10,
                "postgresUID": args.database.uid,
                "postgresGID": args.database.uid,
                **_beginning(args.backup),
                "managed": {"roles": _roles(args)},
                "postgresql": _postgresql(args.database, args.backup),
                **_backup(args.backup),
                "storage": storage,
                # On disk and not on the volume: the operator's own program, copied into each pod, and sorts in /tmp.
                "resources": with_disk(
                    resources(cpu="100m", memory="256Mi", cpu_limit="1", memory_limit="512Mi"),
                    args.pods,
                    "256Mi",
                    "1Gi",
                ),
                # The operator gives its pods all the rest of what infra/pods.py gives ours.
                "seccompProfile": {"type": "RuntimeDefault"},
                "priorityClassName": priority_class(args.namespace, Priority.STATE),
                "topologySpreadConstraints": [
                    {
                        "topologyKey": key,
                        "maxSkew": 1,
                        "whenUnsatisfiable": args.pods.spread,
                        "labelSelector": {"matchLabels": {"cnpg.io/cluster": CLUSTER}},
                    }
                    for key in TOPOLOGIES
                ],
            },
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[self.password] if self.password else [],
                # A first start pulls an image, binds a volume and runs initdb, and each replica copies the primary.
                custom_timeouts=pulumi.CustomTimeouts(create="15m", update="15m", delete="5m"),
            ),
            wait_for="Ready",
        )
        # Ours, because the operator's own (`monitoring.enablePodMonitor`) lacks the label Prometheus selects by. Not
        # called like the Cluster: a PodMonitor of that name is the operator's, which deletes it.
        custom_resource(
            "monitoring.coreos.com/v1",
            "PodMonitor",
            f"{CLUSTER}-instances",
            args.namespace,
            {
                "selector": {"matchLabels": {"cnpg.io/cluster": CLUSTER, "cnpg.io/podRole": "instance"}},
                "podMetricsEndpoints": [{"port": "metrics"}],
            },
            pulumi.ResourceOptions(parent=self, depends_on=[cluster]),
        )

    def _password(self, args: DatabaseArgs) -> core.v1.Secret | None:
        file, other = args.database.app_password_file, args.database.app_other_password_file
        if file is None:
            return None
        return core.v1.Secret(
            APP_SECRET,
            metadata=metadata(APP_SECRET, args.namespace, labels={"cnpg.io/reload": "true"}),
            type="kubernetes.io/basic-auth",
            string_data={
                "username": APP_ROLE,
                **secret_words({PASSWORD_KEY: file, OTHER_PASSWORD_KEY: other}),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def app_secret(database: DatabaseSettings) -> str:
    """The Secret with the password of the service's role."""
    return database.app_secret_name or APP_SECRET


def _roles(args: DatabaseArgs) -> list[dict[str, Any]]:
    """What the operator makes and keeps so. A role may do nothing but what it is granted, nor crowd out another."""
    reader = args.database.reader_secret_name
    return [
        {
            "name": APP_ROLE,
            "login": True,
            "connectionLimit": args.app_connections,
            "passwordSecret": {"name": app_secret(args.database)},
        },
        {
            "name": READER_ROLE,
            "login": reader is not None,
            "connectionLimit": READERS,
            **({"passwordSecret": {"name": reader}} if reader else {"disablePassword": True}),
        },
    ]


def _beginning(backup: BackupSettings | None) -> dict[str, Any]:
    """What a new Cluster begins with: an empty database, or one restored. The operator looks at it only then."""
    named = {"database": DATABASE, "owner": OWNER}
    if backup is None or backup.recovery is None:
        return {"bootstrap": {"initdb": named}}
    before = {**barman_object_store(backup), "serverName": backup.recovery.server_name}
    until = backup.recovery.target_time
    # Not RFC 3339's T (service/web4_identity/restore/cluster.py says why).
    target = {"recoveryTarget": {"targetTime": until.astimezone(UTC).isoformat(sep=" ")}} if until else {}
    return {
        "bootstrap": {"recovery": {"source": "before", **named, **target}},
        "externalClusters": [{"name": "before", "barmanObjectStore": before}],
    }


def _backup(backup: BackupSettings | None) -> dict[str, Any]:
    """Where the operator archives to. Base backups have a schedule of their own (infra/components/backup.py)."""
    if backup is None:
        return {}
    annotations, labels = service_account_annotations(backup), pod_labels(backup)
    return {
        "backup": {"barmanObjectStore": barman_object_store(backup), "retentionPolicy": backup.retention},
        **({"serviceAccountTemplate": {"metadata": {"annotations": annotations}}} if annotations else {}),
        **({"inheritedMetadata": {"labels": labels}} if labels else {}),
    }


def _postgresql(database: DatabaseSettings, backup: BackupSettings | None) -> dict[str, Any]:
    """What each server is configured with."""
    # The operator's own rules stand before these: its local access, and its replicas' certificates.
    rules = [f"hostssl {DATABASE} {OWNER},{APP_ROLE},{READER_ROLE} all scram-sha-256", "host all all all reject"]
    parameters = {
        "max_connections": str(database.max_connections),
        # A client that went without a word, its node with it, would hold its connection for two hours.
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        # A forgotten transaction keeps every table from being cleaned. The service allows itself less.
        "idle_in_transaction_session_timeout": "5min",
    }
    if backup:
        parameters["archive_timeout"] = f"{backup.archive_seconds}s"
        # The restore drill asks which rows were committed by a time (service/web4_identity/restore/registry.py).
        parameters["track_commit_timestamp"] = "on"
    return {"parameters": parameters, "pg_hba": rules, **_replication(database.instances)}


def _replication(instances: int) -> dict[str, Any]:
    """With one instance there is nothing to wait for; with two, one that is away must not stop every write."""
    if instances == 1:
        return {}
    durability = "required" if instances >= QUORUM else "preferred"
    return {"synchronous": {"method": "any", "number": 1, "dataDurability": durability}}
