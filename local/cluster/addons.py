"""What every cluster has and ours needs: Calico's data, DNS, a default StorageClass, resource metrics."""

from pathlib import Path
from string import Template

from local.cluster import layout
from local.cluster.components import PKI
from local.cluster.kubectl import kubectl
from local.paths import CLUSTER, MANIFESTS

TEMPLATES = Path(__file__).parent / "addons"
VOLUMES = CLUSTER / "volumes"
DEPLOYMENTS = {
    "coredns": "kube-system",
    "metrics-server": "kube-system",
    "local-path-provisioner": "local-path-storage",
}


def apply(images: dict[str, str]) -> None:
    """Apply Calico's CRDs and every template in `addons/`; safe to repeat.

    Args:
        images: image names by key.
    """
    kubectl("apply", "--server-side", "--force-conflicts", f"--filename={MANIFESTS / 'calico-crds'}")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/clusterinformations.crd.projectcalico.org")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/ippools.crd.projectcalico.org")
    VOLUMES.mkdir(parents=True, exist_ok=True)
    values = {
        "pod_cidr": layout.POD_CIDR,
        "dns_ip": layout.DNS_IP,
        "volumes": VOLUMES,
        "cluster_ca": (PKI / "ca.crt").read_text().strip().replace("\n", "\n    "),
        **{name.replace("-", "_"): image for name, image in images.items()},
    }
    for template in sorted(TEMPLATES.glob("*.yaml")):
        text = Template(template.read_text()).substitute(values)
        kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=text)


def wait() -> None:
    """Wait until every add-on's Deployment is available.

    Raises:
        UserError: one is not after 120 s.
    """
    for name, namespace in DEPLOYMENTS.items():
        kubectl("rollout", "status", f"deployment/{name}", f"--namespace={namespace}", "--timeout=120s")
