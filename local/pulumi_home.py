"""Pulumi's home folder: its plugins, and no log of every run."""

import shutil

from local.paths import PULUMI_HOME


def keep_no_log() -> None:
    """Have Pulumi's home folder as one in which Pulumi cannot keep its automatic log; make it if absent.

    Pulumi writes down every property that passes through it, compressed and encrypted, below `logs`: 150 MB and three
    quarters of the processor's time for an update of this bundle that changes nothing (decision 40). There is no
    setting against it, but it goes on without where it cannot make the folder: so a file has that name. What it
    would have said is still to be had, with `--logtostderr -v=9`.
    """
    logs = PULUMI_HOME / "logs"
    if not logs.is_file():
        shutil.rmtree(logs, ignore_errors=True)  # an earlier release's
        PULUMI_HOME.mkdir(parents=True, exist_ok=True)
        logs.touch()
