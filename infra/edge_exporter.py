"""The container beside nginx that turns its own figures into metrics: nginx shows them to its own pod only."""

from typing import Any

from pulumi_kubernetes import core

from infra.pods import http_get, resources, tcp_connect

PORT = 9113


def nginx_exporter(image: str, stub_status_port: int) -> dict[str, Any]:
    """The container, for `hardened_pod`. In: its image, and the port of nginx's /stub_status."""
    return {
        "name": "nginx-exporter",
        "image": image,
        "args": [
            f"--nginx.scrape-uri=http://127.0.0.1:{stub_status_port}/stub_status",
            f"--web.listen-address=:{PORT}",
        ],
        # An exporter before 1.0 ends when nginx is not there yet; a later one takes no notice of this.
        "env": [core.v1.EnvVarArgs(name="NGINX_RETRIES", value="30")],
        "ports": [core.v1.ContainerPortArgs(name="metrics", container_port=PORT)],
        # Its front page, which asks nginx nothing: an exporter in trouble takes no edge out of service for long.
        "readiness_probe": http_get("/", PORT, period_seconds=10),
        "liveness_probe": tcp_connect(PORT, period_seconds=20, initial_delay_seconds=30),
        "resources": resources(cpu="10m", memory="16Mi", cpu_limit="50m", memory_limit="48Mi"),
    }
