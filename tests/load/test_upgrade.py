"""Where `make upgrade` comes from: a release by its tag, or a commit that is said."""

import subprocess
from pathlib import Path

import pytest
from upgrade import releases

from local.errors import UserError

pytestmark = pytest.mark.unit


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits, and no tag yet."""
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    for words in (["init", "--quiet"], *([*who, "commit", "--quiet", "--allow-empty", f"--message={n}"] for n in "12")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(releases, "REPO", tmp_path)
    monkeypatch.setattr(releases, "TREES", tmp_path / "build" / "upgrade")
    return tmp_path


def test_without_a_word_it_is_the_newest_tag_before_this_commit(repository: Path) -> None:
    for name, commit in (("v0.1.0", "HEAD^"), ("v0.2.0", "HEAD")):
        subprocess.run(["git", "tag", name, commit], cwd=repository, check=True)
    assert releases.resolve("") == "v0.1.0"


def test_without_a_tag_it_must_be_said(repository: Path) -> None:
    with pytest.raises(UserError, match="FROM=<tag or commit>"):
        releases.resolve("")


def test_what_git_does_not_know_is_said(repository: Path) -> None:
    with pytest.raises(UserError, match=r"FROM=v9\.9\.9: git knows no such"):
        releases.resolve("v9.9.9")


def test_the_checkout_is_of_that_commit_and_made_once(repository: Path) -> None:
    tree = releases.tree_of("HEAD^")
    said = subprocess.run(["git", "-C", str(tree), "log", "--format=%s"], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1"]
    assert releases.tree_of("HEAD^") == tree


def test_a_make_up_that_fails_ends_it(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("up:\n\t@exit 3\n")
    with pytest.raises(UserError, match="exit code 2"):
        releases.make_up(tmp_path)
