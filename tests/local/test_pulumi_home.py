"""Pulumi keeps no log of its own in the home folder that we give it."""

from pathlib import Path

import pytest

from local.pulumi_home import keep_no_log

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "pulumi"
    monkeypatch.setattr("local.pulumi_home.PULUMI_HOME", folder)
    return folder


def test_there_is_no_room_for_a_log(home: Path) -> None:
    keep_no_log()
    with pytest.raises(OSError):
        (home / "logs").mkdir(parents=True, exist_ok=True)


def test_an_earlier_releases_logs_go_and_nothing_else_does(home: Path) -> None:
    for name in ("logs/local.log", "plugins/resource-kubernetes"):
        (home / name).parent.mkdir(parents=True)
        (home / name).touch()
    keep_no_log()
    assert {path.name for path in home.iterdir()} == {"logs", "plugins"}
    assert (home / "plugins" / "resource-kubernetes").exists() and (home / "logs").is_file()


def test_whoever_asks_again_changes_nothing(home: Path) -> None:
    keep_no_log()
    before = (home / "logs").stat().st_mtime_ns
    keep_no_log()
    assert (home / "logs").stat().st_mtime_ns == before
