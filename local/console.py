"""Other programs run: long ones with progress and a log file, short ones for what they print."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import UserError
from local.paths import LOGS
from local.progress import clock, say, step

LOOK_SECONDS = 0.5
TAIL_LINES = 15


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
    """Run a long command with its output in `LOGS/log`, showing that it still runs.

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
        with step(label, estimate) as progress:
            try:
                while (code := _code(process)) is None:
                    progress.tick()
            except BaseException:
                process.terminate()
                process.wait()
                raise
    if code != 0:
        raise UserError(f"{label} failed (exit code {code}). {hint} Last lines of {path}:\n{tail(path)}")
    say(f"{label}: done in {clock(time.monotonic() - begin)}")


def _code(process: subprocess.Popen[bytes]) -> int | None:
    """Wait a moment, and return the exit code if it has ended."""
    try:
        return process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def capture(
    command: Sequence[str | os.PathLike[str]], *, env: Mapping[str, str] | None = None, stdin: str = "", shown: str = ""
) -> str:
    """Run a short command and return what it printed; `shown` stands for it in the message of an error.

    Raises:
        UserError: there is no such program, or it exited with another code than 0; the message has what it said.
    """
    try:
        result = subprocess.run(
            command, env={**os.environ, **(env or {})}, input=stdin, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise UserError(f"there is no program {command[0]}: `make up` builds it, or put one on PATH.") from None
    except OSError as error:
        raise UserError(f"`{command[0]}` could not be started: {error.strerror}") from None
    if result.returncode != 0:
        words = shown or " ".join(str(word) for word in command)
        raise UserError(f"`{words}` failed: {(result.stderr or result.stdout).strip()}")
    return result.stdout
