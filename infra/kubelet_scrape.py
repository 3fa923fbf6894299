"""The kubelets' figures about the stack's containers (cAdvisor), and what Prometheus must be allowed for them.

Written as Prometheus itself reads it: of the operator's resources none finds nodes and sends the pod's own token.
"""

import yaml

JOB = "kubelet"
PORT = 10250
RULES = [
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
]
"""Of the whole cluster, as nodes are in no namespace. It shows every pod's figures, and nothing that is in them."""

_KEPT = "|".join(
    (
        "container_cpu_usage_seconds_total",
        "container_cpu_cfs_periods_total",
        "container_cpu_cfs_throttled_periods_total",
        "container_memory_rss",
        "container_memory_working_set_bytes",
        "container_spec_memory_limit_bytes",
        "container_oom_events_total",
        "container_network_receive_bytes_total",
        "container_network_transmit_bytes_total",
    )
)


def kubelet_scrape_config(namespace: str) -> str:
    """The scrape configuration (YAML): of the many metrics those that something here looks at, of this namespace."""
    return yaml.safe_dump(
        [
            {
                "job_name": JOB,
                "scheme": "https",
                "metrics_path": "/metrics/cadvisor",
                "kubernetes_sd_configs": [{"role": "node"}],
                "authorization": {"credentials_file": "/var/run/secrets/kubernetes.io/serviceaccount/token"},
                # A kubelet's certificate is its own, unless the cluster has one signed.
                "tls_config": {"insecure_skip_verify": True},
                "metric_relabel_configs": [
                    {"source_labels": ["__name__", "namespace"], "regex": f"({_KEPT});{namespace}", "action": "keep"}
                ],
            }
        ],
        sort_keys=False,
    )
