"""Progress of a long step: a bar on a terminal; elsewhere, as in a CI log, a plain line every half minute."""

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from rich import progress

LINE_SECONDS = 30

started = time.monotonic()


class Step(Protocol):
    """A step under way, for as long as its `with` block runs."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        """End."""

    def tick(self) -> None:
        """Say that it still runs; to be called every few seconds at most."""


def step(label: str, estimate: float | None = None) -> Step:
    """Return a step called `label` that took `estimate` seconds when it was measured."""
    return _Bar(label, estimate) if sys.stdout.isatty() else _Lines(label, estimate)


def clock(seconds: float) -> str:
    """Format a duration in seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(message: str) -> None:
    """Print one progress line, with the time since this command began. A bar that is shown stays below it."""
    print(f"[{clock(time.monotonic() - started):>5}] {message}", flush=True)


class _Lines:
    def __init__(self, label: str, estimate: float | None) -> None:
        self._label = label
        self._about = f", about {clock(estimate)}" if estimate else ""
        self._began = self._spoke = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._spoke >= LINE_SECONDS:
            self._spoke = now
            say(f"{self._label}: running for {clock(now - self._began)}{self._about}")


class _Bar:
    """One line of a display that steps at the same time share, as a terminal has room for one display only."""

    _lock = threading.Lock()
    _display: "progress.Progress"
    _users = 0

    def __init__(self, label: str, estimate: float | None) -> None:
        self._label, self._estimate = label, estimate

    def __enter__(self) -> Self:
        with _Bar._lock:
            if _Bar._users == 0:
                _Bar._display = _new_display()
                _Bar._display.start()
            _Bar._users += 1
            self._task = _Bar._display.add_task(self._label, total=self._estimate)
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        with _Bar._lock:
            _Bar._display.remove_task(self._task)
            _Bar._users -= 1
            if _Bar._users == 0:
                _Bar._display.stop()

    def tick(self) -> None:
        # An estimate is one: the bar waits just before its end for a step that takes longer.
        almost = 0.99 * self._estimate if self._estimate else None
        elapsed = time.monotonic() - self._began
        _Bar._display.update(self._task, completed=min(elapsed, almost) if almost else elapsed)


def _new_display() -> "progress.Progress":
    from rich import progress  # here: nobody else waits for it

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("gone, about"),
        progress.TimeRemainingColumn(),
        progress.TextColumn("left"),
        transient=True,
    )
