"""Postgres for the LCT registry, as a CloudNativePG cluster."""

import pulumi

from infra.frozen import Frozen
from infra.kube import custom_resource
from infra.settings import DatabaseSettings

CLUSTER = "web4-identity-db"
DATABASE = "web4_identity_db"
OWNER = "web4_identity"
"""Database and user are the guide's (Database Security). The operator makes the user the database's owner, which the
migrations need; it has no right on any other database."""

SECRET = f"{CLUSTER}-app"
SECRET_URI = "uri"
"""The operator makes this Secret; `uri` holds the whole DSN, password included, so that ours never hold one."""


class DatabaseArgs(Frozen):
    """Where, how large and from which image."""

    namespace: str
    image: str
    database: DatabaseSettings


class Database(pulumi.ComponentResource):
    """The cluster, ready to take connections at `web4-identity-db-rw:5432`, and what scrapes it."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Database", name, None, opts)
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
                "bootstrap": {"initdb": {"database": DATABASE, "owner": OWNER}},
                "storage": storage,
                "resources": {
                    "requests": {"cpu": "100m", "memory": "256Mi"},
                    "limits": {"cpu": "1", "memory": "512Mi"},
                },
            },
            pulumi.ResourceOptions(
                parent=self,
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
        self.register_outputs({})
