"""How `make test` shares the tests out to its two workers; a plugin of pytest: `-p tests.two_workers`.

xdist's own `--dist=loadgroup` writes the group into each test's name, which pytest 9.2 no longer lets it.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class TwoWorkers(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One worker gets all tests of the one running stack, in their order; the other the rest, a file at a time."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "cluster" if file.startswith("tests/cluster/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TwoWorkers:
    return TwoWorkers(config, log)
