"""What each environment sets where a stack is silent; a stack's own configuration wins over it."""

from typing import Any

DEFAULTS: dict[str, dict[str, Any]] = {
    # The embedded cluster: one node with a few GiB, no load balancer, and images built on the machine (local/images):
    # a postgres user of their own number, and a newer Prometheus and Alertmanager than the defaults name.
    "local": {
        "platform": {"install": True},
        "pods": {"ephemeral_storage": False},  # local/cluster/config/kubelet.yaml: localStorageCapacityIsolation
        "database": {"uid": 10026, "instances": 3},
        "identity": {"replicas": 2},
        "edge": {
            "server_name": "identity.web4.local",
            "public_authorities": [],  # reached by several addresses and, through a forward, by any port
            "service_type": "NodePort",
            "node_port": 30443,
            "waf": {"mode": "blocking"},  # its nginx image has ModSecurity, which the default image has not
        },
        "monitoring": {"retention": "2d", "prometheus_version": "3.16.0", "alertmanager_version": "0.31.1"},
    },
    # Cheap, and alone in losing what it holds: one of everything.
    "dev": {
        "database": {"instances": 1},
        "identity": {"replicas": 1},
        "edge": {"replicas": 1},
        "monitoring": {"retention": "2d", "alerts": {"ServiceNotRedundant": {"off": True}}},
    },
    # As prod, on smaller volumes.
    "staging": {
        "pods": {"spread": "DoNotSchedule"},
        "database": {"instances": 3, "storage": "10Gi"},
        "identity": {"replicas": 3, "max_replicas": 6},
        "edge": {"replicas": 2, "max_replicas": 4},
        "monitoring": {"storage": "10Gi", "prometheus_replicas": 2, "alertmanager_replicas": 3},
        "grafana": {"enabled": True},
    },
    # What it refuses to be: infra/production.py.
    "prod": {
        "pods": {"spread": "DoNotSchedule"},
        "database": {"instances": 3, "storage": "50Gi", "max_connections": 150},
        "identity": {"replicas": 3, "max_replicas": 10},
        "edge": {"replicas": 3, "max_replicas": 6},
        "monitoring": {
            "retention": "30d",
            "storage": "20Gi",
            "prometheus_replicas": 2,
            "alertmanager_replicas": 3,
        },
        "grafana": {"enabled": True},
    },
}


def overlay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with `over` on top of it: sections are merged, any other value of `over` replaces the one of `base`."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
