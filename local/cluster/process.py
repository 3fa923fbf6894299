"""A process of ours that outlives this command: started once, found again, ended by its own id."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.console import tail
from local.errors import UserError
from local.paths import CLUSTER, LOGS

END_SECONDS = 15


@dataclass(frozen=True)
class Process:
    """One long-running program.

    Attributes:
        name: what its log and its pid file are called.
        argv: program and arguments.
        env: variables to add.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def pid_file(self) -> Path:
        """The file with its id and the moment it started, which tells a reused id from ours."""
        return CLUSTER / "pids" / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """Its standard output and error."""
        return LOGS / f"cluster-{self.name}.log"

    def spawn(self, argv: list[str]) -> None:
        """Start `argv` in a session of its own, its output appended to the log, and note its id."""
        LOGS.mkdir(parents=True, exist_ok=True)
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                argv,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
            )
        self.pid_file.write_text(json.dumps({"pid": process.pid, "started": _start_time(process.pid)}))

    def check(self) -> None:
        """Raise UserError with the log's last lines if it has ended."""
        if not alive(self):
            raise UserError(f"{self.name} ended. Last lines of {self.log}:\n{tail(self.log)}")


def alive(process: Process) -> bool:
    """Return whether the process noted in its pid file still runs."""
    return _pid(process) is not None


def end(process: Process, seconds: float = END_SECONDS) -> None:
    """Ask it to end, wait up to `seconds`, then kill it."""
    pid = _pid(process)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while alive(process) and time.monotonic() < deadline:
            time.sleep(0.1)
        if alive(process):
            os.kill(pid, signal.SIGKILL)
    process.pid_file.unlink(missing_ok=True)


def _pid(process: Process) -> int | None:
    try:
        noted = json.loads(process.pid_file.read_text())
    except (OSError, ValueError):
        return None
    began = _start_time(noted["pid"])
    return noted["pid"] if began is not None and began == noted["started"] else None


def _start_time(pid: int) -> int | None:
    """Return when the process began (clock ticks since boot), or None where it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])
