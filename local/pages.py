"""The pages of what watches a stack, for a browser on this machine."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from infra.components import alertmanager, grafana, prometheus
from local.errors import UserError
from local.forward import Forward, forwarded
from local.place import Place

# The Service, its port, and the port that is used on this machine unless another is said.
PAGES = {
    "grafana": (grafana.NAME, 80, 3000),
    "prometheus": (prometheus.SERVICE, 9090, 9090),
    "alertmanager": (alertmanager.SERVICE, 9093, 9093),
}


@contextmanager
def opened(place: Place, page: str, port: int | None = None) -> Iterator[tuple[str, Forward]]:
    """Give a page's URL on 127.0.0.1, and what keeps it there, while the block runs.

    Args:
        place: the stack.
        page: one of `PAGES`.
        port: the port on 127.0.0.1; None is the page's own.

    Raises:
        UserError: the stack has no such page, the port is taken, or no pod of it runs.
    """
    if page == "grafana" and not place.settings.grafana.enabled:
        raise UserError(
            f"stack {place.stack} has no Grafana (grafana.enabled is false): its dashboards are ConfigMaps for one "
            "that you have, and `web4ctl open prometheus` has the figures."
        )
    service, service_port, usual = PAGES[page]
    wanted = usual if port is None else port
    _check_free(wanted)
    with forwarded(place, service, service_port, wanted) as forward:
        yield f"http://127.0.0.1:{forward.port}", forward


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
            raise UserError(f"port {port} on 127.0.0.1 {why}: say another with --port.") from None
