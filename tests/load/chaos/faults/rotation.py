"""What proves who is who is replaced while it is used: the edge's certificate, the stores' passwords."""

import base64
import socket
import ssl
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from chaos.fault import Fault
from chaos.scene import Scene, patch, wait_until
from local import credentials, pki
from local.paths import STATE

SECRET = "web4-edge-tls"
RENEWAL_SECONDS = 150
IN_A_ROW = 12  # new connections, over two pods: all of one pod by chance is rarer than once in 2000


class Rotate(Fault):
    """Nobody notices."""

    name = "rotate"
    what = "the edge gets another certificate, then Postgres and Redis other passwords (`make rotate`)"
    silent = "planned, and nothing is missing on the way"
    no_failure = True

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def inject(self, scene: Scene) -> None:
        """Renew the certificate, wait until each pod serves it, then rotate the passwords."""
        self._before = scene.kubectl.json("get", "secret", SECRET)["data"]
        with tempfile.TemporaryDirectory(prefix="web4-chaos-") as folder:
            names = (*credentials.SERVER_NAMES, scene.edge[0])
            files = pki.issue(
                pki.authority(STATE, "edge-ca"), Path(folder), "edge", credentials.SERVER_NAMES[0], names=names
            )
            certificate, key = (base64.b64encode(each.read_bytes()).decode() for each in files)
            number = x509.load_pem_x509_certificate(files[0].read_bytes()).serial_number
        _mount(scene, {"tls.crt": certificate, "tls.key": key})
        wait_until(lambda: _served(scene.edge) == {number}, "each edge pod serves the new certificate", RENEWAL_SECONDS)
        subprocess.run([sys.executable, "-m", "local", "rotate"], stdout=sys.stderr, check=True)

    def heal(self, scene: Scene) -> None:
        """Give the edge the stack's own certificate back."""
        if self._before:
            _mount(scene, self._before)


def _mount(scene: Scene, data: dict[str, str]) -> None:
    """Put a certificate into the Secret, and have the kubelet look at it now, not at its next round."""
    scene.kubectl("patch", "secret", SECRET, patch({"data": data}))
    for pod in scene.pods("web4-edge"):
        scene.kubectl("annotate", "pod", pod, f"chaos/renewed={datetime.now(UTC).isoformat()}", "--overwrite")


def _served(edge: tuple[str, int]) -> set[int]:
    """The numbers of the certificates that new connections are given."""
    trust = ssl.create_default_context(cafile=str(credentials.EDGE_CA))
    numbers = set()
    for _ in range(IN_A_ROW):
        with trust.wrap_socket(socket.create_connection(edge, timeout=10), server_hostname=edge[0]) as connection:
            given = connection.getpeercert(binary_form=True)
        assert given is not None  # a server on TLS always shows one
        numbers.add(x509.load_der_x509_certificate(given).serial_number)
    return numbers
