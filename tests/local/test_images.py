"""Which images `make up` leaves in the cluster's containerd and in buildah's store."""

from pathlib import Path

import pytest

from local.images import build

pytestmark = pytest.mark.unit


def name(version: str) -> str:
    return f"localhost/web4/identity:{version}"


class Stores:
    """Both stores, with the names that are in each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.patch = monkeypatch
        self.containerd = {"registry.internal/other:1"}
        self.built = {"docker.io/library/debian:12"}
        monkeypatch.setattr(build, "HERE", self)
        monkeypatch.setattr(build, "_ctr", self._ctr)
        monkeypatch.setattr(build, "DEPLOYED", folder / "deployed.json")

    def names(self) -> set[str]:
        return set(self.built)

    def buildah(self, *words: str) -> None:
        assert words[:2] == ("rmi", "--force")
        self.built.remove(words[2])

    def _ctr(self, *words: str) -> str:
        if words == ("images", "list", "--quiet"):
            return "\n".join(self.containerd)
        assert words[:2] == ("images", "remove")
        self.containerd -= set(words[2:])
        return ""

    def load(self, version: str) -> None:
        self.containerd.add(name(version))
        self.built.add(name(version))

    def up(self, version: str) -> set[str]:
        """Deploy a version as `make up` does, and return the versions that are left in both stores."""
        self.load(version)
        self.patch.setattr(build, "references", lambda: {"identity": name(version)})
        build.prune()
        assert self.containerd - {"registry.internal/other:1"} == self.built - {"docker.io/library/debian:12"}
        return {each.partition(":")[2] for each in self.containerd & self.built}


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stores:
    return Stores(monkeypatch, tmp_path)


def test_the_version_before_stays_for_a_rollout_undo_and_older_ones_go(stores: Stores) -> None:
    assert stores.up("1") == {"1"}
    assert stores.up("2") == {"1", "2"}
    assert stores.up("2") == {"1", "2"}
    assert stores.up("3") == {"2", "3"}


def test_after_a_rollback_the_version_before_is_the_one_that_was_rolled_back_to(stores: Stores) -> None:
    stores.up("1")
    stores.up("2")
    assert stores.up("1") == {"1", "2"}
    assert stores.up("3") == {"1", "3"}


def test_a_version_that_was_refused_is_not_one_to_go_back_to(stores: Stores) -> None:
    stores.up("1")
    stores.load("refused")
    assert stores.up("2") == {"1", "2"}


def test_what_a_release_that_wrote_nothing_down_has_deployed_stays_too(stores: Stores) -> None:
    stores.load("of-v0.1.0")
    assert stores.up("1") == {"of-v0.1.0", "1"}


def test_what_is_not_ours_is_left_alone(stores: Stores) -> None:
    stores.up("1")
    assert "registry.internal/other:1" in stores.containerd and "docker.io/library/debian:12" in stores.built
