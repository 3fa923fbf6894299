"""A Service's port on this machine's loopback, for as long as it is wanted."""

import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from local.errors import UserError
from local.place import Place

POD_SECONDS = 5


@dataclass(frozen=True)
class Forward:
    """A running `kubectl port-forward`.

    Attributes:
        port: the port on 127.0.0.1.
    """

    port: int
    _process: subprocess.Popen[str]
    _said: IO[str]

    def wait(self) -> str:
        """Wait until it ends, which is when its pod does, and return its last words."""
        self._process.wait()
        return _words(self._said)


@contextmanager
def forwarded(place: Place, service: str, port: int, local_port: int = 0) -> Iterator[Forward]:
    """Forward 127.0.0.1 to a pod of a Service while the block runs.

    It goes by the API server and the kubelet into the pod's own network, so no NetworkPolicy has to know of it; the API
    server's proxy would come from an address that each cloud has another of.

    Args:
        place: the stack.
        service: the Service's name.
        port: the Service's port.
        local_port: the port on 127.0.0.1; 0 takes a free one.

    Raises:
        UserError: no pod of the Service runs, or it may not be forwarded.
    """
    words = ("port-forward", "--address=127.0.0.1", f"--pod-running-timeout={POD_SECONDS}s")
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            place.command(*words, f"service/{service}", f"{local_port or ''}:{port}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        out = process.stdout
        assert out  # it is a pipe
        try:
            begun = re.search(r"127\.0\.0\.1:(\d+)", out.readline())
            if not begun:
                process.wait()
                raise UserError(f"service {service} cannot be forwarded: {_words(said)}")
            # It says a line for each connection, and would stand still once the pipe is full.
            threading.Thread(target=out.read, daemon=True).start()
            yield Forward(int(begun[1]), process, said)
        finally:
            process.terminate()
            process.wait()


def _words(said: IO[str]) -> str:
    said.seek(0)
    lines = said.read().strip().splitlines()
    return lines[-1].removeprefix("error: ") if lines else "it said nothing"
