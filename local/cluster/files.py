"""The files the components read: certificates, kubeconfigs, configuration. Made once, the same at every start."""

from pathlib import Path
from string import Template

import yaml

from local import pki
from local.cluster import layout
from local.cluster.components import CONFIG, PKI, kubeconfig
from local.paths import BIN, CLUSTER, KUBECONFIG, private_dir, write_private

TEMPLATES = Path(__file__).parent / "config"
CONTAINERD = CONFIG / "containerd.toml"
CNI_PATHS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))

# Client certificates: file, common name and group as Kubernetes' RBAC expects them (kubernetes.io, PKI certificates).
CLIENTS = {
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
    "kubelet": (f"system:node:{layout.NODE}", "system:nodes"),
}


def write(pause_image: str) -> bool:
    """Write every certificate, kubeconfig and configuration file of the cluster.

    Args:
        pause_image: the sandbox image, by full name.

    Returns:
        Whether containerd's configuration is another than before: one that runs has to be started again for it.
    """
    private_dir(CLUSTER)
    _certificates()
    for user in CLIENTS:
        write_private(Path(kubeconfig(user)), _kubeconfig(user))
    before = CONTAINERD.read_text() if CONTAINERD.exists() else None
    _configuration(pause_image)
    return CONTAINERD.read_text() != before


def _certificates() -> None:
    private_dir(PKI)
    ca = pki.authority(PKI, "ca")
    front = pki.authority(PKI, "front-proxy-ca")
    pki.issue(front, PKI, "front-proxy", "front-proxy")
    pki.key_pair(PKI, "service-account")
    service = [f"kubernetes.default.svc.{layout.NODE}", "kubernetes.default.svc", "kubernetes.default", "kubernetes"]
    addresses = [layout.NODE_IP, layout.API_SERVICE_IP, "127.0.0.1"]
    pki.issue(ca, PKI, "apiserver", "kube-apiserver", names=(*addresses, *service, "localhost"))
    for file, (name, group) in CLIENTS.items():
        names = (layout.NODE_IP, layout.NODE) if file == "kubelet" else ()
        pki.issue(ca, PKI, file, name, organization=group, names=names)


def _kubeconfig(user: str) -> str:
    cluster = {"server": layout.API_URL, "certificate-authority": str(PKI / "ca.crt")}
    client = {"client-certificate": str(PKI / f"{user}.crt"), "client-key": str(PKI / f"{user}.key")}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": layout.NAME, "cluster": cluster}],
            "users": [{"name": user, "user": client}],
            "contexts": [{"name": layout.NAME, "context": {"cluster": layout.NAME, "user": user}}],
            "current-context": layout.NAME,
        }
    )


def _configuration(pause_image: str) -> None:
    values = {
        "pki": PKI,
        "config": CONFIG,
        "name": layout.NAME,
        "node": layout.NODE,
        "dns_ip": layout.DNS_IP,
        "kubeconfig": KUBECONFIG,
        "pause_image": pause_image,
        "cni_bin": CONFIG / "cni-bin",
    }
    (CONFIG / "cni").mkdir(parents=True, exist_ok=True)
    for name, place in (
        ("kubelet.yaml", "kubelet.yaml"),
        ("containerd.toml", "containerd.toml"),
        ("10-calico.conflist", "cni/10-calico.conflist"),
    ):
        (CONFIG / place).write_text(Template((TEMPLATES / name).read_text()).substitute(values))
    # Names outside the cluster do not resolve: it has no way out, and the machine's resolver is not reachable from it.
    (CONFIG / "resolv.conf").write_text("")
    _cni_programs()


def _cni_programs() -> None:
    """Collect links to the CNI plugins in one folder: Debian's and Calico's."""
    folder = CONFIG / "cni-bin"
    folder.mkdir(exist_ok=True)
    system = next(path for path in CNI_PATHS if (path / "host-local").exists())
    for name, source in (("host-local", system), ("portmap", system), ("loopback", system), ("calico", BIN)):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(source / name)
