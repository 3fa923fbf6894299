"""What one process has used, read from Linux's /proc: CPU seconds with its children's, memory in MB."""

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all its children, those that have ended too."""
    stats = {int(path.parent.name): _stat(path) for path in Path("/proc").glob("[0-9]*/stat")}
    wanted, total = [pid], 0
    while wanted:
        current = wanted.pop()
        parent_and_times = stats.get(current)
        if parent_and_times:
            # utime, stime, and the same of the children that were waited for.
            total += sum(map(int, parent_and_times[11:15]))
            wanted += [other for other, fields in stats.items() if fields and int(fields[1]) == current]
    return total / _TICK


def memory_mb(pid: int) -> tuple[float, float]:
    """The memory that a process holds now, and the most it ever held."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    now, most = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def _stat(path: Path) -> list[str] | None:
    """The fields after the command's name, which may hold anything; none of a process that is gone."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return None
