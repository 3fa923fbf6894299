"""The running Prometheus, for the tests that ask it."""

import json
from typing import Any
from urllib.parse import quote

from cluster_stack import Kubectl


class Prometheus:
    """Prometheus's HTTP API through the API server."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def get(self, path: str) -> Any:
        answer = json.loads(self._kubectl.proxy("services", "prometheus-operated", "9090", path))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        return list(self.get(f"/api/v1/query?query={quote(expression)}")["result"])
