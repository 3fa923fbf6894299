"""`make release`: it tags what is as it should be, with the version's notes, or says the first thing that is not."""

import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import web4_identity
from typer.testing import CliRunner

from local.ctl.app import app
from local.errors import UserError
from local.paths import REPO
from local.release import release, sections, version

pytestmark = pytest.mark.unit

NOTES = "### Added\n\n- a thing\n\n# not a comment of git's"
CHANGELOG = f"""# Changelog

## [Unreleased]

## [1.2.3] - 2026-01-02

{NOTES}

## [1.2.2] - 2026-01-01

### Fixed

- another
"""


def git(repo: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", repo, *words], capture_output=True, text=True, check=True)
    return done.stdout


def commit(repo: Path, **files: str) -> None:
    """Commit these texts, of pyproject.toml and CHANGELOG.md by their first words."""
    names = {"pyproject": "pyproject.toml", "changelog": "CHANGELOG.md"}
    for name, text in files.items():
        (repo / names[name]).write_text(text)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=a step")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that is ready for 1.2.3, and no settings of git's but its own."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    made = tmp_path / "repo"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", made], check=True)
    git(made, "config", "user.name", "somebody")
    git(made, "config", "user.email", "somebody@example.com")
    commit(made, pyproject='[project]\nversion = "1.2.3"\n', changelog=CHANGELOG)
    return made


def test_a_version_is_tagged_with_its_notes(repo: Path) -> None:
    assert release(repo, "1.2.3") == "v1.2.3"
    assert git(repo, "cat-file", "-t", "v1.2.3") == "tag\n"
    assert git(repo, "rev-parse", "v1.2.3^{commit}") == git(repo, "rev-parse", "main")
    assert git(repo, "tag", "--list", "--format=%(contents)", "v1.2.3").strip() == f"1.2.3, 2026-01-02\n\n{NOTES}"


@pytest.mark.parametrize("wanted", ["", "1.2", "v1.2.3", "1.2.3-rc1", "01.2.3", "1.2.3\n"])
def test_what_is_no_version_is_refused(repo: Path, wanted: str) -> None:
    refused(repo, wanted, f"VERSION is {wanted!r}: say three numbers")


def refused(repo: Path, wanted: str, line: str) -> None:
    before = git(repo, "for-each-ref")
    with pytest.raises(UserError) as caught:
        release(repo, wanted)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert git(repo, "for-each-ref") == before


@pytest.mark.parametrize("name", ["CHANGELOG.md", "new.txt"])
def test_what_is_not_committed_is_not_released(repo: Path, name: str) -> None:
    (repo / name).write_text("changed")
    refused(repo, "1.2.3", "the checkout has changes or files that are not committed")


def test_only_main_is_released(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "other")
    refused(repo, "1.2.3", "a version is a commit of main, and other is checked out")
    git(repo, "checkout", "--quiet", "--detach", "main")
    refused(repo, "1.2.3", "a version is a commit of main, and no branch is checked out")


def test_pyproject_has_the_version(repo: Path) -> None:
    refused(repo, "1.2.4", "pyproject.toml says version 1.2.3: make it 1.2.4")


TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("[1.2.3]", "[1.2.1]", "CHANGELOG.md has no section `## [1.2.3] - YYYY-MM-DD`"),
        (" - 2026-01-02", "", "CHANGELOG.md's section 1.2.3 has no date"),
        ("2026-01-02", "2026-02-30", "CHANGELOG.md's section 1.2.3 has no date"),
        ("2026-01-02", str(TOMORROW), f"CHANGELOG.md dates 1.2.3 to {TOMORROW}, which is still to come"),
        (NOTES, "", "CHANGELOG.md's section 1.2.3 is empty"),
    ],
    ids=["no section", "no date", "no such day", "tomorrow", "empty"],
)
def test_the_changelog_has_the_versions_section_and_date(repo: Path, old: str, new: str, line: str) -> None:
    commit(repo, changelog=CHANGELOG.replace(old, new))
    refused(repo, "1.2.3", line)


def test_a_version_is_given_out_once(repo: Path) -> None:
    release(repo, "1.2.3")
    refused(repo, "1.2.3", "the tag v1.2.3 is there already")


def test_the_make_target_says_what_is_wrong_in_a_line() -> None:
    command = [sys.executable, "-m", "local.release"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: VERSION is '': say three numbers, such as 1.2.3.\n"
    assert '-m local.release "$(VERSION)"' in (REPO / "Makefile").read_text()


def test_the_project_has_notes_of_its_version_and_tells_it() -> None:
    notes = sections((REPO / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert list(notes)[:2] == ["Unreleased", version()]
    assert date.fromisoformat(notes[version()].date) and notes[version()].text
    assert CliRunner().invoke(app, ["--version"]).stdout == f"web4ctl {version()}\n"


def test_the_service_has_the_version_that_its_package_has() -> None:
    package = tomllib.loads((REPO / "service" / "pyproject.toml").read_text())["project"]["version"]
    assert web4_identity.SERVICE_VERSION.partition("-")[0] == package
