"""The few questions and orders that the drill has for Kubernetes, by its REST API (kubernetes.io, API Concepts)."""

from pathlib import Path
from typing import Any

import httpx

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its account's token, the API server's CA, and its namespace."""

HOST = "https://kubernetes.default.svc"
CLUSTERS = "/apis/postgresql.cnpg.io/v1", "clusters"
JOBS = "/apis/batch/v1", "jobs"
PODS = "/api/v1", "pods"
CLAIMS = "/api/v1", "persistentvolumeclaims"


class KubernetesRefused(Exception):
    """The API server could not be reached or said no. The message says to what and why."""


class Kubernetes:
    """The API server, as the account of the pod that this runs in."""

    def __init__(self, account: Path = ACCOUNT, transport: httpx.BaseTransport | None = None) -> None:
        """Read the account; raises KubernetesRefused outside of a pod. `transport` is for tests."""
        try:
            self.namespace = (account / "namespace").read_text()
            verify = httpx.create_ssl_context(verify=str(account / "ca.crt")) if transport is None else True
        except OSError as error:
            raise KubernetesRefused(f"no account of a pod: {error}; run `make restore-drill`") from None
        self._token = account / "token"
        self._client = httpx.Client(base_url=HOST, verify=verify, timeout=30, transport=transport, trust_env=False)

    def get(self, kind: tuple[str, str], name: str) -> dict[str, Any] | None:
        """An object, or None if there is none of that name."""
        return self._ask("GET", kind, f"/{name}", missing=True)

    def list(self, kind: tuple[str, str], selector: str) -> list[dict[str, Any]]:
        """The objects with these labels (`name=value`)."""
        answer = self._ask("GET", kind, params={"labelSelector": selector})
        return answer["items"] if answer else []

    def create(self, kind: tuple[str, str], manifest: dict[str, Any]) -> None:
        """Make an object."""
        self._ask("POST", kind, json=manifest)

    def delete(self, kind: tuple[str, str], name: str) -> None:
        """Have an object removed, with all it owns, which may take a while; none of that name is as good."""
        self._ask("DELETE", kind, f"/{name}", missing=True, params={"propagationPolicy": "Foreground"})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(
        self, method: str, kind: tuple[str, str], name: str = "", *, missing: bool = False, **request: Any
    ) -> dict[str, Any] | None:
        group, plural = kind
        path = f"{group}/namespaces/{self.namespace}/{plural}{name}"
        try:
            # Read each time: the token is renewed while this runs.
            headers = {"Authorization": f"Bearer {self._token.read_text()}"}
            answer = self._client.request(method, path, headers=headers, **request)
        except httpx.HTTPError as error:
            raise KubernetesRefused(f"{method} {path}: {error}") from error
        if answer.status_code == 404 and missing:
            return None
        if answer.is_error:
            raise KubernetesRefused(f"{method} {path}: {answer.status_code} {answer.json().get('message', '')}")
        read: dict[str, Any] = answer.json()
        return read
