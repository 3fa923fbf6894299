"""Where the stack's objects go: a cluster, or files."""

import pulumi_kubernetes as k8s

from infra.settings import ClusterSettings


def provider(cluster: ClusterSettings) -> k8s.Provider:
    """The one provider of a stack."""
    if cluster.render_to:
        return k8s.Provider("cluster", render_yaml_to_directory=str(cluster.render_to))
    return k8s.Provider(
        "cluster",
        kubeconfig=str(cluster.kubeconfig),
        context=cluster.context,
        # Changed in place: whoever reads one of ours at its start only is rolled by a hash of the content.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )
