"""Who may speak to whom: the arrows of the architecture.

This one table makes the NetworkPolicies (infra/components/network.py) and the drawing (infra/drawing.py). Ports are
those of the pods: a policy sees a connection after its Service's address was replaced by a pod's.
"""

from typing import Literal

from infra import backup_target, edge_exporter
from infra.components import database, edge, exporters, grafana, pushgateway, redis
from infra.frozen import Frozen
from infra.identity_environment import PORT as IDENTITY_PORT
from infra.parties import (
    ALERTMANAGER,
    BLACKBOX,
    CNPG_OPERATOR,
    CONFIGURATION_COPY,
    DNS,
    EDGE,
    EVERYTHING,
    GATE,
    GRAFANA,
    IDENTITY,
    KUBELET,
    MIGRATIONS,
    OBJECT_STORE,
    POSTGRES,
    PROMETHEUS,
    PUSHGATEWAY,
    REDIS,
    REDIS_EXPORTER,
    RESTORE_DRILL,
    RESTORED,
    SCAN,
    Party,
    Place,
)
from infra.settings import Settings
from infra.way_in import who_connects

ANYWHERE = ("0.0.0.0/0", "::/0")


class Flow(Frozen):
    """An arrow: `source` opens connections to `target` at `ports`, which are `target`'s own."""

    source: Party
    target: Party
    ports: tuple[int, ...]
    why: str
    protocols: tuple[Literal["TCP", "UDP"], ...] = ("TCP",)

    @property
    def name(self) -> str:
        """Such as `edge-to-identity`."""
        return f"{self.source.name}-to-{self.target.name}"


class FlowOptions(Frozen):
    """What a stack's settings change in the table."""

    api_server_cidrs: tuple[str, ...]
    external_postgres_port: int | None
    """None with a Postgres of the stack's own."""
    external_redis_port: int | None
    """None with a Redis of the stack's own."""
    backup_port: int | None
    """The port of the backups' store; None without backups."""
    own_store: bool
    """Whether that store is the stack's own."""
    receiver_ports: tuple[int, ...]
    """Of everybody that alerts go to."""
    remote_write_port: int | None
    """None where Prometheus keeps its figures to itself."""
    kubelet: bool
    """Whether Prometheus asks the nodes."""
    grafana_namespace: str | None
    clients: tuple[str, ...] = ANYWHERE
    """Where connections to the edge come from."""
    gateway_namespace: str | None = None
    """Whose pods alone open them, with a Gateway in front."""
    grafana: bool = False
    """Whether there is a Grafana of the stack's own."""
    grafana_clients_namespace: str | None = None
    grafana_oauth_port: int | None = None
    """None without single sign-on."""
    metadata_server: bool = False
    """Whether who backs up gets its tokens from GKE's metadata server."""


def flows(options: FlowOptions) -> tuple[Flow, ...]:
    """Every arrow of a stack. What is not here is refused."""
    api_server = Party(name="apiserver", place=Place.ADDRESSES, addresses=options.api_server_cidrs)
    api_ports = (443, 6443)
    external = options.external_redis_port
    elsewhere = options.external_postgres_port
    postgres_party = Party(name="postgres", place=Place.ADDRESSES, addresses=ANYWHERE) if elsewhere else POSTGRES
    redis_party = Party(name="redis", place=Place.ADDRESSES, addresses=ANYWHERE) if external else REDIS
    arrows = [
        # What a request goes through
        Flow(source=_clients(options), target=EDGE, ports=(edge.HTTPS_PORT,), why="clients; the only way in"),
        Flow(source=EDGE, target=IDENTITY, ports=(IDENTITY_PORT,), why="requests that the edge lets through"),
        Flow(
            source=IDENTITY,
            target=postgres_party,
            ports=(elsewhere or database.PORT,),
            why="LCT registry and ATP ledger",
        ),
        Flow(source=IDENTITY, target=redis_party, ports=(external or redis.PORT,), why="rate limits and nonces"),
        Flow(
            source=MIGRATIONS,
            target=postgres_party,
            ports=(elsewhere or database.PORT,),
            why="the schema, before the service starts",
        ),
        Flow(
            source=GATE,
            target=postgres_party,
            ports=(elsewhere or database.PORT,),
            why="a new version's own schema, while it is attacked",
        ),
        Flow(source=GATE, target=redis_party, ports=(external or redis.PORT,), why="its rate limits and nonces"),
        Flow(source=SCAN, target=postgres_party, ports=(elsewhere or database.PORT,), why="a society to attack with"),
        Flow(source=SCAN, target=EDGE, ports=(edge.HTTPS_PORT,), why="the weekly attacks, as from outside"),
        Flow(source=SCAN, target=PUSHGATEWAY, ports=(pushgateway.PORT,), why="how the weekly attacks ended"),
        *([] if elsewhere else _postgres_flows(api_server, api_ports)),
        *(_backup_flows(options, options.backup_port, api_server, api_ports) if options.backup_port else []),
        # Who watches
        Flow(source=PROMETHEUS, target=IDENTITY, ports=(IDENTITY_PORT,), why="metrics"),
        Flow(source=PROMETHEUS, target=PUSHGATEWAY, ports=(pushgateway.PORT,), why="what jobs left there"),
        Flow(source=PROMETHEUS, target=EDGE, ports=(edge_exporter.PORT,), why="nginx's metrics"),
        Flow(source=PROMETHEUS, target=REDIS_EXPORTER, ports=(exporters.REDIS_PORT,), why="Redis's metrics"),
        Flow(source=REDIS_EXPORTER, target=redis_party, ports=(external or redis.PORT,), why="how Redis is"),
        Flow(source=PROMETHEUS, target=BLACKBOX, ports=(exporters.BLACKBOX_PORT,), why="probes of the edge"),
        Flow(source=BLACKBOX, target=EDGE, ports=(edge.HTTPS_PORT,), why="a request as a client's"),
        Flow(source=PROMETHEUS, target=ALERTMANAGER, ports=(9093,), why="alerts, and its own metrics"),
        Flow(source=PROMETHEUS, target=PROMETHEUS, ports=(9090,), why="metrics of each replica"),
        Flow(
            source=ALERTMANAGER,
            target=ALERTMANAGER,
            ports=(9094,),
            protocols=("TCP", "UDP"),
            why="replicas agree on who notifies",
        ),
        Flow(source=PROMETHEUS, target=api_server, ports=api_ports, why="which pods there are to scrape"),
        # What every pod needs
        Flow(
            source=EVERYTHING,
            target=DNS,
            ports=(53, 5353),  # 5353 where the DNS server runs without privileges, behind a Service at 53
            protocols=("UDP", "TCP"),
            why="names of Services",
        ),
        *(
            Flow(source=KUBELET, target=party, ports=(port,), why="probes")
            for party, port in (
                (EDGE, edge.HEALTH_PORT),
                (EDGE, edge_exporter.PORT),
                (IDENTITY, IDENTITY_PORT),
                (GATE, IDENTITY_PORT),
                (PROMETHEUS, 9090),
                (ALERTMANAGER, 9093),
                (PUSHGATEWAY, pushgateway.PORT),
                (REDIS_EXPORTER, exporters.REDIS_PORT),
                (BLACKBOX, exporters.BLACKBOX_PORT),
            )
        ),
    ]
    if options.receiver_ports:
        receivers = Party(name="receivers", place=Place.ADDRESSES, addresses=ANYWHERE)
        arrows.append(Flow(source=ALERTMANAGER, target=receivers, ports=options.receiver_ports, why="notifications"))
    if options.remote_write_port:
        store = Party(name="long-term-store", place=Place.ADDRESSES, addresses=ANYWHERE)
        arrows.append(Flow(source=PROMETHEUS, target=store, ports=(options.remote_write_port,), why="figures to keep"))
    if options.kubelet:
        nodes = Party(name="nodes", place=Place.ADDRESSES, addresses=ANYWHERE)
        arrows.append(Flow(source=PROMETHEUS, target=nodes, ports=(10250,), why="metrics of the stack's containers"))
    if options.grafana_namespace:
        namespaces = {"kubernetes.io/metadata.name": options.grafana_namespace}
        other = Party(name="grafana-elsewhere", place=Place.ELSEWHERE, namespaces=namespaces)
        arrows.append(Flow(source=other, target=PROMETHEUS, ports=(9090,), why="the dashboards' queries"))
    if options.grafana:
        arrows += _grafana_flows(options)
    return tuple(arrows)


def _clients(options: FlowOptions) -> Party:
    if options.gateway_namespace:
        namespaces = {"kubernetes.io/metadata.name": options.gateway_namespace}
        return Party(name="gateway", place=Place.ELSEWHERE, namespaces=namespaces)
    return Party(name="internet", place=Place.ADDRESSES, addresses=options.clients)


def _grafana_flows(options: FlowOptions) -> list[Flow]:
    """Who looks, at what, and who vouches for them."""
    arrows = [
        Flow(source=GRAFANA, target=PROMETHEUS, ports=(9090,), why="the dashboards' queries"),
        Flow(source=KUBELET, target=GRAFANA, ports=(grafana.PORT,), why="probes, and port-forwards"),
    ]
    if options.grafana_clients_namespace:
        namespaces = {"kubernetes.io/metadata.name": options.grafana_clients_namespace}
        clients = Party(name="grafana-clients", place=Place.ELSEWHERE, namespaces=namespaces)
        arrows.append(Flow(source=clients, target=GRAFANA, ports=(grafana.PORT,), why="browsers, by an ingress"))
    if options.grafana_oauth_port:
        provider = Party(name="sso", place=Place.ADDRESSES, addresses=ANYWHERE)
        arrows.append(Flow(source=GRAFANA, target=provider, ports=(options.grafana_oauth_port,), why="who logs in"))
    return arrows


def _postgres_flows(api_server: Party, api_ports: tuple[int, ...]) -> list[Flow]:
    """What keeps a Postgres of the stack's own together, and watches it."""
    sql, instance_manager, metrics = database.PORT, 8000, 9187
    return [
        Flow(
            source=POSTGRES,
            target=POSTGRES,
            ports=(sql, instance_manager),
            why="replication; an instance that lost the API server asks the others whether it is alone",
        ),
        Flow(
            source=CNPG_OPERATOR,
            target=POSTGRES,
            ports=(sql, instance_manager),
            why="what each instance is told and says (the ports of the operator's own example)",
        ),
        Flow(source=POSTGRES, target=api_server, ports=api_ports, why="each instance reads and reports its state"),
        Flow(source=PROMETHEUS, target=POSTGRES, ports=(metrics,), why="metrics"),
        Flow(source=KUBELET, target=POSTGRES, ports=(instance_manager,), why="probes"),
    ]


def _backup_flows(options: FlowOptions, port: int, api_server: Party, api_ports: tuple[int, ...]) -> list[Flow]:
    """What goes to the backups' store, and what proves that it comes back."""
    elsewhere = Party(name="object-store", place=Place.ADDRESSES, addresses=ANYWHERE)
    store = OBJECT_STORE if options.own_store else elsewhere
    ports = (port,)
    sql, instance_manager = database.PORT, 8000
    arrows = [
        Flow(source=POSTGRES, target=store, ports=ports, why="base backups and WAL"),
        Flow(source=CONFIGURATION_COPY, target=store, ports=ports, why="the stack's settings"),
        Flow(source=RESTORED, target=store, ports=ports, why="what is restored"),
        Flow(source=CNPG_OPERATOR, target=RESTORED, ports=(sql, instance_manager), why="as to postgres"),
        Flow(source=RESTORED, target=api_server, ports=api_ports, why="as postgres"),
        Flow(source=RESTORE_DRILL, target=api_server, ports=api_ports, why="makes the restored cluster, removes it"),
        Flow(source=RESTORE_DRILL, target=PUSHGATEWAY, ports=(pushgateway.PORT,), why="what came of it"),
        Flow(source=RESTORE_DRILL, target=POSTGRES, ports=(sql,), why="what should be restored"),
        Flow(source=RESTORE_DRILL, target=RESTORED, ports=(sql,), why="what was restored"),
        Flow(source=KUBELET, target=RESTORED, ports=(instance_manager,), why="probes"),
    ]
    if options.own_store:
        arrows.append(Flow(source=KUBELET, target=OBJECT_STORE, ports=ports, why="probes"))
    if options.metadata_server:
        tokens = Party(name="metadata-server", place=Place.ADDRESSES, addresses=backup_target.METADATA_SERVER)
        arrows += [
            Flow(source=source, target=tokens, ports=backup_target.METADATA_PORTS, why="a token for the backups' store")
            for source in (POSTGRES, RESTORED, CONFIGURATION_COPY)
        ]
    return arrows


def flow_options(settings: Settings) -> FlowOptions:
    """What these settings change in the table."""
    route = settings.edge.route
    return FlowOptions(
        backup_port=backup_target.port(settings.backup) if settings.backup else None,
        own_store=bool(settings.backup and settings.backup.local_store),
        api_server_cidrs=settings.cluster.api_server_cidrs,
        external_postgres_port=settings.database.external.port if settings.database.external else None,
        external_redis_port=settings.redis.external.port if settings.redis.external else None,
        receiver_ports=tuple(sorted({each.port for each in settings.monitoring.receivers.values()})),
        remote_write_port=settings.monitoring.remote_write.url.port if settings.monitoring.remote_write else None,
        kubelet=settings.monitoring.kubelet,
        grafana_namespace=settings.monitoring.grafana_namespace,
        clients=who_connects(settings.edge) or ANYWHERE,
        gateway_namespace=(route.proxy_namespace or route.namespace) if route else None,
        grafana=settings.grafana.enabled,
        grafana_clients_namespace=settings.grafana.clients_namespace if settings.grafana.enabled else None,
        grafana_oauth_port=settings.grafana.oauth.port if settings.grafana.oauth else None,
        metadata_server=bool(settings.backup and settings.backup.google_service_account),
    )
