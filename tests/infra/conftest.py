"""pytest looks for fixtures and hooks here; they stand in a file that mypy can tell from other folders' conftest.py."""

import gc

from infra_fixtures import *  # noqa: F403


def pytest_configure() -> None:
    """Garbage is looked for less often: a run of the program makes little, and the looking took a third of its time."""
    gc.set_threshold(50_000)
