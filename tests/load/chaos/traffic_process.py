"""The load, in a process of its own, and the addresses that its clients come from."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from traffic.record import Sent, read_record

from local import credentials
from local.cluster import layout
from local.console import capture
from local.errors import UserError
from local.paths import REPO
from local.target import Target

# Each client has an address of its own, as clients have: none comes to its limit (10 a minute at the edge), and none
# is lifted. This machine's end of the embedded cluster's link is given them for the time of the run.
ADDRESSES = tuple(f"10.89.0.{last}" for last in range(100, 148))
PACE_SECONDS = 8
START_SECONDS = 60
END_SECONDS = 30


class TrafficProcess:
    """Requests of 48 clients, one each in 8 s, from entry to exit; what came of each is in `record`."""

    def __init__(self, where: Target, url: str, run: str, folder: Path) -> None:
        if not where.embedded:
            raise UserError("this load is for the embedded cluster, whose edge sees a client's own address.")
        self._record, self._log = folder / "requests.jsonl", folder / "traffic.log"
        self._command = [
            sys.executable,
            "-m",
            "traffic",
            f"--url={url}",
            f"--ca-file={credentials.EDGE_CA}",
            f"--operator-key={credentials.FOUNDER_KEY}",
            f"--run={run}",
            f"--record={self._record}",
            f"--pace={PACE_SECONDS}",
            *(f"--address={address}" for address in ADDRESSES),
        ]

    def __enter__(self) -> "TrafficProcess":
        self.add_addresses()
        environment = {**os.environ, "PYTHONPATH": str(REPO / "tests" / "load")}
        with self._log.open("wb") as log:
            # A group of its own: Ctrl+C is for whoever started the run, who ends this one after the last fault.
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.end()
        for address in ADDRESSES:
            subprocess.run(
                ["ip", "address", "delete", f"{address}/32", "dev", layout.HOST_LINK], capture_output=True, check=False
            )

    def end(self) -> None:
        """Send no more, and wait until what is under way is answered."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def add_addresses(self) -> None:
        """Give the link the clients' addresses; it loses them when the node is made anew."""
        for address in ADDRESSES:
            capture(["ip", "address", "replace", f"{address}/32", "dev", layout.HOST_LINK])

    def wait_for_all_clients(self) -> None:
        """Wait until each client has sent something."""
        deadline = time.monotonic() + START_SECONDS
        while len(self.sent()) < len(ADDRESSES):
            self.check()
            if time.monotonic() > deadline:
                raise UserError(f"the load does not start: see {self._log}")
            time.sleep(1)

    def check(self) -> None:
        """Raise UserError if it has ended by itself."""
        if self._process.poll() is not None:
            raise UserError(f"the load ended with exit code {self._process.returncode}: see {self._log}")

    def sent(self) -> list[Sent]:
        """Return every request that is answered, or given up, so far."""
        return read_record(self._record)

    def step_clock(self) -> None:
        """Put the clients' clock ten minutes ahead."""
        self._process.send_signal(signal.SIGUSR1)

    def set_clock_right(self) -> None:
        """Undo that."""
        self._process.send_signal(signal.SIGUSR2)
