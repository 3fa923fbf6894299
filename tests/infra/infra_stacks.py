"""The committed examples of the environments, and what a user fills in to make stacks of them."""

from pathlib import Path
from typing import Any

import yaml
from infra_recording import ROOT

from infra.environments import overlay

DIGEST = "@sha256:" + "0123456789abcdef" * 4
IMAGES = (
    *("identity", "postgres", "redis", "nginx", "prometheus", "alertmanager", "pushgateway"),
    *("redis_exporter", "nginx_exporter", "blackbox_exporter", "grafana"),
)
EDITED = {
    "images": {name: f"registry.web4.io/{name}{DIGEST}" for name in IMAGES},
    "edge": {"server_name": "identity.web4.io"},
    "monitoring": {"runbook_url": "https://git.web4.io/web4-identity/monitoring/runbooks"},
}
"""Over Pulumi.prod.yaml it is a stack that prod does not refuse."""


def example(environment: str, kubeconfig: Path) -> dict[str, Any]:
    """The committed file of an environment, a plain value for each key, with a kubeconfig that exists."""
    keys = yaml.safe_load((ROOT / f"Pulumi.{environment}.yaml").read_text())["config"]
    values = {key.removeprefix("web4-identity:"): value for key, value in keys.items()}
    return overlay(values, {"cluster": {"kubeconfig": str(kubeconfig)}})
