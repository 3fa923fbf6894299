"""The node's processes in starting order: what runs, with which arguments, and how it is known to be ready."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import grpc

from local.cluster import layout, node
from local.cluster.process import Process
from local.paths import BIN, CLUSTER, KUBECONFIG

PKI = CLUSTER / "pki"
CONFIG = CLUSTER / "config"


@dataclass(frozen=True)
class Component:
    """A supervised process with its readiness.

    Attributes:
        process: what is started.
        ready: tells whether it serves; None where a living process is all that can be asked.
    """

    process: Process
    ready: Callable[[], bool] | None = None


def answers(url: str, *, certificate: str = "admin") -> bool:
    """Return whether `url` on the node answers 200 to the named client certificate."""
    context = ssl.create_default_context(cafile=str(PKI / "ca.crt"))
    context.load_cert_chain(PKI / f"{certificate}.crt", PKI / f"{certificate}.key")
    try:
        with urllib.request.urlopen(url, context=context, timeout=3) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def takes_pods() -> bool:
    """Return whether containerd answers a kubelet, which asks once at its start and ends itself if it does not."""
    with grpc.insecure_channel(f"unix:{node.inside('/run/containerd/containerd.sock')}") as channel:
        try:
            # An empty message is a whole VersionRequest of the CRI.
            channel.unary_unary("/runtime.v1.RuntimeService/Version")(b"", timeout=3)
        except grpc.RpcError:
            return False
    return True


def kubeconfig(user: str) -> str:
    """Return the path of `user`'s kubeconfig."""
    return str(CLUSTER / f"{user}.kubeconfig")


def components() -> tuple[Component, ...]:
    """Return the node's components in starting order."""
    return (
        Component(
            Process(
                "etcd",
                (
                    str(BIN / "etcd"),
                    f"--data-dir={CLUSTER / 'etcd'}",
                    "--listen-client-urls=http://127.0.0.1:2379",
                    "--advertise-client-urls=http://127.0.0.1:2379",
                    "--listen-peer-urls=http://127.0.0.1:2380",
                    "--unsafe-no-fsync",  # a laptop's throwaway cluster: a power cut may cost it, a crash does not
                    "--log-level=warn",
                ),
            )
        ),
        Component(Process("kube-apiserver", _apiserver()), lambda: answers(f"{layout.API_URL}/readyz")),
        Component(
            Process(
                "kube-controller-manager",
                (
                    str(BIN / "kube-controller-manager"),
                    f"--kubeconfig={kubeconfig('controller-manager')}",
                    "--use-service-account-credentials",
                    f"--service-account-private-key-file={PKI / 'service-account.key'}",
                    f"--root-ca-file={PKI / 'ca.crt'}",
                    f"--cluster-cidr={layout.POD_CIDR}",
                    "--allocate-node-cidrs",
                    "--leader-elect=false",
                ),
            )
        ),
        Component(
            Process(
                "kube-scheduler",
                (str(BIN / "kube-scheduler"), f"--kubeconfig={kubeconfig('scheduler')}", "--leader-elect=false"),
            )
        ),
        Component(Process("containerd", ("containerd", "--config", str(CONFIG / "containerd.toml"))), takes_pods),
        Component(
            Process(
                "kubelet",
                (
                    str(BIN / "kubelet"),
                    f"--config={CONFIG / 'kubelet.yaml'}",
                    f"--kubeconfig={kubeconfig('kubelet')}",
                    f"--hostname-override={layout.NODE}",
                    f"--node-ip={layout.NODE_IP}",
                ),
            )
        ),
        Component(
            Process(
                "kube-proxy",
                (
                    str(BIN / "kube-proxy"),
                    f"--kubeconfig={kubeconfig('proxy')}",
                    f"--cluster-cidr={layout.POD_CIDR}",
                    "--proxy-mode=iptables",
                    f"--hostname-override={layout.NODE}",
                    "--conntrack-max-per-core=0",
                ),
            )
        ),
    )


def felix() -> Component:
    """Return Calico's policy engine, which starts once its data is there: it ends itself when that first appears."""
    return Component(
        Process(
            "calico-felix",
            (str(BIN / "calico-felix"),),
            env={
                "KUBECONFIG": str(KUBECONFIG),
                "FELIX_DATASTORETYPE": "kubernetes",
                "FELIX_FELIXHOSTNAME": layout.NODE,
                "FELIX_LOGFILEPATH": "none",
                "FELIX_LOGSEVERITYSCREEN": "Warning",
                "FELIX_IPV6SUPPORT": "false",
                "FELIX_BPFENABLED": "false",
                "FELIX_IPTABLESBACKEND": "nft",
                "FELIX_USAGEREPORTINGENABLED": "false",
                # Without this no pod reaches the API server on the node, and operators hang without an error.
                "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
            },
        )
    )


def forwarder(port: int, node_port: int) -> Process:
    """Return the process on the host that gives the edge's NodePort at 127.0.0.1:`port`."""
    return Process(
        "edge-forward",
        (
            "socat",
            f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr",
            f"TCP:{layout.NODE_IP}:{node_port}",
        ),
    )


def _apiserver() -> tuple[str, ...]:
    return (
        str(BIN / "kube-apiserver"),
        "--etcd-servers=http://127.0.0.1:2379",
        f"--service-cluster-ip-range={layout.SERVICE_CIDR}",
        f"--advertise-address={layout.NODE_IP}",
        "--bind-address=0.0.0.0",
        "--authorization-mode=Node,RBAC",
        f"--client-ca-file={PKI / 'ca.crt'}",
        f"--tls-cert-file={PKI / 'apiserver.crt'}",
        f"--tls-private-key-file={PKI / 'apiserver.key'}",
        f"--service-account-key-file={PKI / 'service-account.pub'}",
        f"--service-account-signing-key-file={PKI / 'service-account.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--kubelet-client-certificate={PKI / 'admin.crt'}",
        f"--kubelet-client-key={PKI / 'admin.key'}",
        f"--kubelet-certificate-authority={PKI / 'ca.crt'}",
        # Or exec, logs and port-forward try to resolve the node's name.
        "--kubelet-preferred-address-types=InternalIP",
        # The aggregation layer, for metrics-server.
        f"--requestheader-client-ca-file={PKI / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={PKI / 'front-proxy.crt'}",
        f"--proxy-client-key-file={PKI / 'front-proxy.key'}",
        "--allow-privileged",
        "--enable-admission-plugins=NodeRestriction",
    )
