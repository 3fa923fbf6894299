"""What the cluster tier's tests share: kubectl on the stack, and a signed mint."""

import itertools
import json
import os
import random
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import lct_id, raw_public_key, to_multikey
from web4_identity.signature import PayerAuth

from local import credentials, stack
from local.paths import BIN, REPO
from local.target import Target

NAMESPACE = "web4"


class Kubectl:
    """kubectl on the stack's cluster and namespace."""

    def __init__(self, target: Target) -> None:
        self.words = [str(BIN / "kubectl"), f"--kubeconfig={target.kubeconfig}", f"--context={target.context}"]

    def __call__(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [*self.words, f"--namespace={NAMESPACE}", *words],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # a log holds what clients sent
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def json(self, *words: str) -> dict[str, Any]:
        return dict(json.loads(self(*words, "--output=json")))

    def proxy(self, kind: str, name: str, port: str, path: str) -> str:
        """GET `path` of a pod or Service through the API server."""
        return self("get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/{kind}/{name}:{port}/proxy{path}")

    def identity_pods(self) -> list[str]:
        running = ("--selector=app=web4-identity", "--field-selector=status.phase=Running")
        pods = self.json("get", "pods", *running)["items"]
        return [pod["metadata"]["name"] for pod in pods if not pod["metadata"].get("deletionTimestamp")]

    def scale_service(self, count: int) -> None:
        """Have so many pods of the service, and wait until they are what answers."""
        self("scale", "deployment/web4-identity", f"--replicas={count}")
        self.wait_for_replicas(count)

    def wait_for_replicas(self, count: int) -> None:
        """Wait until the service's endpoints are so many: a Deployment's own status still counts a pod just deleted."""
        deadline = time.monotonic() + 240
        while True:
            slices = self.json("get", "endpointslices", "--selector=kubernetes.io/service-name=web4-identity-service")
            ready = [
                endpoint["targetRef"]["name"]
                for each in slices["items"]
                for endpoint in each["endpoints"] or ()
                if endpoint["conditions"]["ready"]
            ]
            if len(ready) == count and set(ready) == set(self.identity_pods()):
                return
            assert time.monotonic() < deadline, f"not {count} replicas: {ready}"
            time.sleep(1)


def pulumi_up(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`pulumi up` of stack local with another configuration, a file; `options` are Pulumi's own."""
    words = ["up", "--yes", "--skip-preview", "--suppress-outputs", f"--stack={stack.STACK}", f"--config-file={config}"]
    words += options
    return subprocess.run(
        [BIN / "pulumi", "--cwd", REPO, "--non-interactive", "--color=never", *words],
        env={**os.environ, **stack.environment()},
        capture_output=True,
        text=True,
        check=False,
    )


class _ForgedAuth(PayerAuth):
    """Signs as it should, then changes the signature: no limit of the payer counts what the payer did not sign."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        next(super().auth_flow(request))
        name, _, value = request.headers["Signature"].partition("=:")
        request.headers["Signature"] = f"{name}=:{'B' if value[0] == 'A' else 'A'}{value[1:]}"
        yield request


class Society:
    """A society that each module of tests founds for itself, so that none makes another's mints dearer."""

    def __init__(self) -> None:
        self.name = f"tests-{random.getrandbits(32):08x}"
        self._founder = Ed25519PrivateKey.generate()
        self._founded = False
        self._entities = itertools.count()

    def mint(self, client: httpx.Client, entity_type: str = "device") -> httpx.Response:
        """Send a mint, signed and paid by the society's founder."""
        if not self._founded:
            self._found(client)
        return client.post("/v1/lct/mint", json=self.mint_body(entity_type), auth=PayerAuth(self._founder))

    def forge_a_mint(self, client: httpx.Client) -> httpx.Response:
        """Send a mint whose signature says that it is the society's founder's, and is not."""
        return client.post("/v1/lct/mint", json=self.mint_body(), auth=_ForgedAuth(self._founder))

    def mint_body(self, entity_type: str = "device") -> dict[str, Any]:
        """Return a mint request for a new entity, whose private key goes nowhere."""
        key = Ed25519PrivateKey.generate()
        return {
            "caller_lct_id": lct_id(raw_public_key(self._founder)),
            "entity_type": entity_type,
            "entity_identifier": f"entity-{next(self._entities)}",
            "society": self.name,
            "public_key": to_multikey(raw_public_key(key)),
            "binding_proof": prove_binding(key, EntityType(entity_type)),
        }

    def _found(self, client: httpx.Client) -> None:
        """The stack's founder is an operator on the embedded cluster."""
        key = load_pem_private_key(credentials.FOUNDER_KEY.read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        operator = PayerAuth(key)
        body = {
            "name": self.name,
            "founder_public_key": to_multikey(raw_public_key(self._founder)),
            "binding_proof": prove_binding(self._founder, EntityType.ORGANIZATION),
        }
        answer = client.post("/v1/societies", json=body, auth=operator)
        assert answer.status_code == 201, answer.text
        self._founded = True
