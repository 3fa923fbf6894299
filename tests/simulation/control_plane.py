"""The simulated cluster: real etcd, API server, scheduler, controllers and metrics-server, and kwok for the nodes.

It stands on ports of this machine's loopback that are free, beside an embedded cluster or without one, and all of it
is gone with the `with` block: processes by their ids, data by their folder.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from local import pki
from local.console import tail
from local.errors import UserError
from local.paths import BIN, CACHE, LOGS, MANIFESTS, write_private
from local.progress import say
from tests.simulation.client import Client

READY_SECONDS = 90
END_SECONDS = 10

UNREACHABLE_SECONDS = 40
"""How long a pod may stand on a node that is gone; Kubernetes' own default is 300."""
GRACE_SECONDS = 20
"""How long a node may be silent; Kubernetes' own default is 50."""
TAINTS_A_SECOND = 50
"""How many silent nodes are emptied in a second; Kubernetes' own default is 0.1."""

KWOK = MANIFESTS / "kwok"


@contextmanager
def control_plane() -> Iterator[Client]:
    """A cluster without nodes yet, and its client.

    Raises:
        UserError: a part of it ended or did not become ready; the message has its log's last lines.
    """
    with TemporaryDirectory(prefix="simulation-", dir=CACHE) as folder, ExitStack() as running:
        here = Path(folder)
        etcd, peer, api, kubelet, metrics, scheduler, controllers = _free_ports(7)
        _certificates(here)
        kubeconfig = _kubeconfig(here, api)
        client = Client(kubeconfig)
        _start(running, "etcd", *_etcd(here, etcd, peer))
        server = _start(running, "kube-apiserver", *_apiserver(here, etcd, api))
        _wait(server, client)
        common = (f"--kubeconfig={kubeconfig}", "--leader-elect=false")
        _start(running, "kube-scheduler", *common, f"--secure-port={scheduler}", f"--cert-dir={here}")
        _start(running, "kube-controller-manager", *common, *_controllers(here, controllers))
        _start(running, "kwok", *_kwok(here, kubeconfig, kubelet))
        _start(running, "metrics-server", *_metrics_server(here, kubeconfig, metrics))
        client.apply(_metrics_api(metrics))
        yield client


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _start(running: ExitStack, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start one program, its output in LOGS/simulation-<name>.log; it ends with `running`."""
    LOGS.mkdir(parents=True, exist_ok=True)
    say(f"simulation: starting {name}")
    log = LOGS / f"simulation-{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([BIN / name, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    running.callback(_end, process)
    time.sleep(1)  # a wrong argument or a taken port ends it at once; say so here
    if process.poll() is not None:
        raise UserError(f"the simulation's {name} ended. Last lines of {log}:\n{tail(log)}")
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(server: subprocess.Popen[bytes], client: Client) -> None:
    log = LOGS / "simulation-kube-apiserver.log"

    @retry(
        wait=wait_fixed(0.5),
        stop=stop_after_delay(READY_SECONDS),
        retry=retry_if_exception_type(UserError),
        reraise=True,
    )
    def ask() -> None:
        if server.poll() is not None:
            raise RuntimeError
        client.raw("/readyz")

    try:
        ask()
    except (RuntimeError, UserError):
        raise UserError(f"the simulation's API server does not serve. Last lines of {log}:\n{tail(log)}") from None


def _certificates(here: Path) -> None:
    ca, front = pki.authority(here, "ca"), pki.authority(here, "front-proxy-ca")
    pki.issue(front, here, "front-proxy", "front-proxy")
    pki.key_pair(here, "service-account")
    pki.issue(ca, here, "server", "simulation", names=("127.0.0.1", "localhost", "10.97.0.1"))
    pki.issue(ca, here, "admin", "admin", organization="system:masters")


def _kubeconfig(here: Path, api: int) -> Path:
    """Everything here is its administrator's: what is simulated is where pods go, not who may ask."""
    path, name = here / "kubeconfig", "simulation"
    cluster = {"server": f"https://127.0.0.1:{api}", "certificate-authority": str(here / "ca.crt")}
    user = {"client-certificate": str(here / "admin.crt"), "client-key": str(here / "admin.key")}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    write_private(path, yaml.safe_dump(document))
    return path


def _etcd(here: Path, port: int, peer: int) -> tuple[str, ...]:
    return (
        f"--data-dir={here / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{port}",
        f"--advertise-client-urls=http://127.0.0.1:{port}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def _apiserver(here: Path, etcd: int, port: int) -> tuple[str, ...]:
    return (
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",  # which wants an address that is no loopback
        "--service-cluster-ip-range=10.97.0.0/16",
        "--authorization-mode=RBAC",
        f"--client-ca-file={here / 'ca.crt'}",
        f"--tls-cert-file={here / 'server.crt'}",
        f"--tls-private-key-file={here / 'server.key'}",
        f"--service-account-key-file={here / 'service-account.pub'}",
        f"--service-account-signing-key-file={here / 'service-account.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--requestheader-client-ca-file={here / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={here / 'front-proxy.crt'}",
        f"--proxy-client-key-file={here / 'front-proxy.key'}",
        f"--default-unreachable-toleration-seconds={UNREACHABLE_SECONDS}",
        f"--default-not-ready-toleration-seconds={UNREACHABLE_SECONDS}",
    )


def _controllers(here: Path, port: int) -> tuple[str, ...]:
    return (
        f"--secure-port={port}",
        f"--cert-dir={here}",
        f"--service-account-private-key-file={here / 'service-account.key'}",
        f"--root-ca-file={here / 'ca.crt'}",
        f"--node-monitor-grace-period={GRACE_SECONDS}s",
        f"--node-eviction-rate={TAINTS_A_SECOND}",
        f"--secondary-node-eviction-rate={TAINTS_A_SECOND}",
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--horizontal-pod-autoscaler-downscale-stabilization=15s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
        "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
    )


def _kwok(here: Path, kubeconfig: Path, port: int) -> tuple[str, ...]:
    documents = sorted(KWOK.glob("*.yaml"))
    return (
        f"--kubeconfig={kubeconfig}",
        "--manage-nodes-with-label-selector=simulation=alive",
        "--node-ip=127.0.0.1",
        f"--node-port={port}",
        f"--server-address=127.0.0.1:{port}",
        f"--tls-cert-file={here / 'server.crt'}",
        f"--tls-private-key-file={here / 'server.key'}",
        f"--node-lease-duration-seconds={GRACE_SECONDS}",
        *(f"--config={document}" for document in documents),
    )


def _metrics_server(here: Path, kubeconfig: Path, port: int) -> tuple[str, ...]:
    return (
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={here / 'server.crt'}",
        f"--tls-private-key-file={here / 'server.key'}",
        f"--kubelet-certificate-authority={here / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--kubelet-use-node-status-port",
        "--metric-resolution=10s",
        "--kubelet-request-timeout=5s",
    )


def _metrics_api(port: int) -> list[dict[str, Any]]:
    """The metrics API as the API server finds it: at a name outside of the cluster."""
    place = {"name": "metrics-server", "namespace": "kube-system"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": place,
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,
                "service": {**place, "port": port},
            },
        },
    ]
