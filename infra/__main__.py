"""The architecture: internet -> edge -> identity service -> Postgres, Redis; Prometheus -> Alertmanager; dashboards."""

from typing import Any

import pulumi

from dashboards import RUNBOOK_URL
from infra.alert_rules import stack_rules
from infra.cluster import provider
from infra.components import alertmanager, edge, prometheus, pushgateway
from infra.components.alertmanager import Alertmanager, AlertmanagerArgs
from infra.components.backup import Backup, BackupArgs
from infra.components.dashboards import Dashboards, DashboardsArgs
from infra.components.database import Database, DatabaseArgs
from infra.components.edge import Edge, EdgeArgs
from infra.components.exporters import Exporters, ExportersArgs
from infra.components.external_secrets import ExternalSecrets, ExternalSecretsArgs
from infra.components.gate import Gate
from infra.components.grafana import Grafana, GrafanaArgs
from infra.components.identity import Identity, IdentityArgs
from infra.components.migrations import Migrations, MigrationsArgs
from infra.components.namespace import WorkNamespace, WorkNamespaceArgs
from infra.components.network import Network, NetworkArgs
from infra.components.object_store import ObjectStore, ObjectStoreArgs
from infra.components.platform import Platform, PlatformArgs
from infra.components.prometheus import Prometheus, PrometheusArgs
from infra.components.pushgateway import Pushgateway, PushgatewayArgs
from infra.components.redis import Redis, RedisArgs
from infra.components.scan import Scan, ScanArgs
from infra.configuration import load_settings
from infra.connections import app_connections
from infra.flows import flow_options, flows
from infra.identity_environment import ServiceArgs
from infra.referenced_secrets import referenced_secrets
from infra.secret_refs import versions

settings = load_settings()
images = settings.images
place: dict[str, Any] = {"namespace": settings.namespace, "pods": settings.pods}
service: dict[str, Any] = {
    **place,
    "image": images.identity,
    "environment": settings.environment,
    "identity": settings.identity,
    "redis": settings.redis,
    "database": settings.database,
    "trusted_proxies": settings.cluster.pod_cidr,
    "authorities": settings.edge.authorities,
}

cluster = provider(settings.cluster)


def after(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
    """On the one cluster, once everything `needed` is ready."""
    return pulumi.ResourceOptions(provider=cluster, depends_on=needed)


# What everything stands on
platform = Platform("platform", PlatformArgs(platform=settings.platform, images=images), after())
namespace = WorkNamespace("namespace", WorkNamespaceArgs(**place, quota=settings.quota), after())
network = Network(
    "network", NetworkArgs(namespace=settings.namespace, flows=flows(flow_options(settings))), after(namespace)
)
secrets = ExternalSecrets(
    "external-secrets",
    ExternalSecretsArgs(
        namespace=settings.namespace, secrets=settings.secrets, referenced=tuple(referenced_secrets(settings))
    ),
    after(namespace),
)

# Where state lives: the LCT registry, the store of its backups, and the rate limits' counters
store = ObjectStore(
    "object-store",
    ObjectStoreArgs(**place, image=images.object_store, store=settings.backup.local_store if settings.backup else None),
    after(network),
)
database = Database(
    "database",
    DatabaseArgs(
        **place,
        image=images.postgres,
        database=settings.database,
        backup=settings.backup,
        app_connections=app_connections(settings.identity),
    ),
    after(platform, network, secrets, store),
)
Backup("backup", BackupArgs(**place, settings=settings), after(database))
redis = Redis("redis", RedisArgs(**place, image=images.redis, redis=settings.redis), after(network, secrets))

# The service, once no attack on it got through and its schema is there, and the way to it from outside
passed = [Gate("gate", ServiceArgs(**service), after(database, redis))] if settings.gate.enabled else []
migrations = Migrations("migrations", MigrationsArgs(**service, genesis=settings.genesis), after(database, *passed))
identity = Identity(
    "identity",
    IdentityArgs(**service, annotations=versions(database.password, redis.password)),
    after(migrations, redis),
)
front = Edge(
    "edge",
    EdgeArgs(**place, image=images.nginx, exporter_image=images.nginx_exporter, edge=settings.edge),
    after(identity),
)

# Who watches it: metrics and rules, alerts, dashboards
Alertmanager(
    "alertmanager",
    AlertmanagerArgs(**place, image=images.alertmanager, monitoring=settings.monitoring),
    after(platform, network, secrets),
)
Prometheus(
    "prometheus",
    PrometheusArgs(
        **place,
        image=images.prometheus,
        monitoring=settings.monitoring,
        rules=tuple(stack_rules(settings)),
    ),
    after(platform, network),
)
Exporters(
    "exporters",
    ExportersArgs(
        **place,
        redis_image=images.redis_exporter,
        blackbox_image=images.blackbox_exporter,
        redis=settings.redis,
        redis_annotations=versions(redis.password),
        server_name=settings.edge.server_name,
    ),
    after(platform, redis),
)
pushes = Pushgateway("pushgateway", PushgatewayArgs(**place, image=images.pushgateway), after(platform, network))
if settings.gate.scan_schedule:
    Scan(
        "scan",
        ScanArgs(
            **service,
            edge=settings.edge,
            schedule=settings.gate.scan_schedule,
            push_gateway=f"http://{pushgateway.SERVICE}:{pushgateway.PORT}",
        ),
        after(front, pushes),
    )
dashboards = Dashboards(
    "dashboards",
    DashboardsArgs(namespace=settings.namespace, runbook_url=str(settings.monitoring.runbook_url or RUNBOOK_URL)),
    after(namespace),
)
Grafana(
    "grafana",
    GrafanaArgs(
        **place,
        image=images.grafana,
        grafana=settings.grafana,
        scrape_interval=settings.monitoring.scrape_interval,
    ),
    after(network, dashboards),
)

pulumi.export("namespace", settings.namespace)
pulumi.export("server_name", settings.edge.server_name)
pulumi.export("edge_service", edge.NAME)
pulumi.export("edge_node_port", settings.edge.node_port)
pulumi.export("prometheus_service", f"{prometheus.SERVICE}:9090")
pulumi.export("alertmanager_service", f"{alertmanager.SERVICE}:9093")
