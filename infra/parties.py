"""The ends of the arrows in infra/flows.py: the stack's pods, other namespaces' pods, addresses, and the node."""

from enum import Enum

from pydantic import Field

from infra.components import (
    alertmanager,
    configuration_copy,
    database,
    edge,
    exporters,
    gate,
    grafana,
    identity,
    migrations,
    object_store,
    prometheus,
    pushgateway,
    redis,
    restore_drill,
    scan,
)
from infra.frozen import Frozen


class Place(Enum):
    """Where a party is."""

    OURS = "pods of the stack's namespace"
    ELSEWHERE = "pods of other namespaces"
    ADDRESSES = "addresses"
    NODE = "a pod's own node, which reaches it whatever a policy says"


class Party(Frozen):
    """One end of an arrow."""

    name: str
    place: Place
    pods: dict[str, str] = Field(default_factory=dict)
    """The pods' labels; none means all pods."""
    namespaces: dict[str, str] = Field(default_factory=dict)
    """For `ELSEWHERE`: the namespaces' labels; none means all namespaces."""
    addresses: tuple[str, ...] = ()
    """For `ADDRESSES`: CIDRs."""


EDGE = Party(name="edge", place=Place.OURS, pods={"app": edge.NAME})
IDENTITY = Party(name="identity", place=Place.OURS, pods={"app": identity.APP})
MIGRATIONS = Party(name="migrations", place=Place.OURS, pods={"app": migrations.APP})
GATE = Party(name="gate", place=Place.OURS, pods={"app": gate.APP})
SCAN = Party(name="scan", place=Place.OURS, pods={"app": scan.APP})
REDIS = Party(name="redis", place=Place.OURS, pods={"app": redis.APP})
# The operator's label is on its instances and on the jobs that make them.
POSTGRES = Party(name="postgres", place=Place.OURS, pods={"cnpg.io/cluster": database.CLUSTER})
# The one that the restore drill makes and removes again.
RESTORED = Party(name="restored", place=Place.OURS, pods={"cnpg.io/cluster": restore_drill.CLUSTER})
RESTORE_DRILL = Party(name="restore-drill", place=Place.OURS, pods={"app": restore_drill.APP})
CONFIGURATION_COPY = Party(name="configuration-copy", place=Place.OURS, pods={"app": configuration_copy.APP})
OBJECT_STORE = Party(name="object-store", place=Place.OURS, pods={"app": object_store.APP})
PROMETHEUS = Party(
    name="prometheus",
    place=Place.OURS,
    pods={"app.kubernetes.io/name": "prometheus", "prometheus": prometheus.NAME},
)
ALERTMANAGER = Party(
    name="alertmanager",
    place=Place.OURS,
    pods={"app.kubernetes.io/name": "alertmanager", "alertmanager": alertmanager.NAME},
)
PUSHGATEWAY = Party(name="pushgateway", place=Place.OURS, pods={"app": pushgateway.APP})
REDIS_EXPORTER = Party(name="redis-exporter", place=Place.OURS, pods={"app": exporters.REDIS_APP})
BLACKBOX = Party(name="blackbox", place=Place.OURS, pods={"app": exporters.BLACKBOX_APP})
GRAFANA = Party(name="grafana", place=Place.OURS, pods={"app": grafana.NAME})
EVERYTHING = Party(name="everything", place=Place.OURS)

KUBELET = Party(name="kubelet", place=Place.NODE)
DNS = Party(
    name="dns",
    place=Place.ELSEWHERE,
    pods={"k8s-app": "kube-dns"},
    namespaces={"kubernetes.io/metadata.name": "kube-system"},
)
# In any namespace: a cluster that has the operator already may have it anywhere.
CNPG_OPERATOR = Party(name="cnpg-operator", place=Place.ELSEWHERE, pods={"app.kubernetes.io/name": "cloudnative-pg"})
