"""Ports for the real programs that tests start."""

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """Ports nothing listens on, held together for a moment so that they differ."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
