"""Progress on long work: plain lines with a clock, the same on a terminal and in a CI log."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import UserError
from local.paths import LOGS

HEARTBEAT_SECONDS = 30
TAIL_LINES = 15

started = time.monotonic()


def clock(seconds: float) -> str:
    """Format a duration in seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(message: str) -> None:
    """Print one progress line, with the time since this command began."""
    print(f"[{clock(time.monotonic() - started):>5}] {message}", flush=True)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log file, indented, or a word that there is none."""
    if not log.exists():
        return "    (no log)"
    return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])


def run_logged(
    command: Sequence[str | os.PathLike[str]],
    label: str,
    *,
    log: str,
    estimate: float | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    hint: str = "",
) -> None:
    """Run a long command with its output in `LOGS/log`, saying every 30 s that it still runs.

    Args:
        command: program and arguments.
        label: what it does, for the progress lines.
        log: the log file's name.
        estimate: seconds it took when measured, shown to the user.
        cwd: folder to run it in.
        env: variables to add to this process's environment.
        hint: what the user can do when it fails.

    Raises:
        UserError: it exited with another code than 0; the message has the log's last lines.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / log
    begin = time.monotonic()
    about = f", about {clock(estimate)}" if estimate else ""
    say(f"{label}{about} …")
    with path.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        while True:
            try:
                code = process.wait(HEARTBEAT_SECONDS)
                break
            except subprocess.TimeoutExpired:
                say(f"{label}: running for {clock(time.monotonic() - begin)}{about}")
            except BaseException:
                process.terminate()
                process.wait()
                raise
    if code != 0:
        raise UserError(f"{label} failed (exit code {code}). {hint} Last lines of {path}:\n{tail(path)}")
    say(f"{label}: done in {clock(time.monotonic() - begin)}")


def capture(command: Sequence[str | os.PathLike[str]], *, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Run a short command and return what it printed.

    Raises:
        UserError: it exited with another code than 0; the message has what it said.
    """
    result = subprocess.run(
        command, env={**os.environ, **(env or {})}, input=stdin, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise UserError(f"`{words}` failed: {(result.stderr or result.stdout).strip()}")
    return result.stdout
