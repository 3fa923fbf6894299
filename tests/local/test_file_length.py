"""A file that somebody writes and reads has at most 300 lines: one that grew longer holds two ideas."""

import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from local.paths import REPO

pytestmark = pytest.mark.unit

MOST = 300
# Why a longer one may be: nobody writes it. Each line must be needed by some file, or the last test fails.
REASONS = {
    "*.lock": "`make lock` writes it",
    "*/go.mod": "the go command writes all but its first lines",
    "*/go.sum": "the go command writes it",
    "dashboards/golden/*.json": "`make dashboards` writes it",
    "docs/configuration.md": "`make docs` writes it",
    "docs/web4ctl.md": "`make docs` writes it",
    "monitoring/rules/slo.yaml": "`make rules` writes it",
    "tests/docs/compose-spec.json": "the schema of compose files, as its project publishes it",
    "tests/infra/golden/*.yaml": "`make golden` writes it",
}


def longer(folder: Path) -> dict[str, int]:
    """Return the text files of a git work tree that are too long, by their path, with their lines."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = {name: _lines(folder / name) for name in listed.split("\0") if name and (folder / name).is_file()}
    return {name: count for name, count in lines.items() if count > MOST}


def _lines(file: Path) -> int:
    """Count the lines of a file; one that is no text has none."""
    try:
        return len(file.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError:
        return 0


def reason(name: str) -> str:
    """Return the reason for a long file, or nothing."""
    return next((why for pattern, why in REASONS.items() if fnmatch(name, pattern)), "")


def test_no_file_is_longer_without_a_reason() -> None:
    assert {name: count for name, count in longer(REPO).items() if not reason(name)} == {}


def test_each_reason_is_needed() -> None:
    long = longer(REPO)
    assert [pattern for pattern in REASONS if not any(fnmatch(name, pattern) for name in long)] == []


def test_a_long_file_is_found_whether_it_is_added_yet_or_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "long.py").write_text("pass\n" * 301)
    (tmp_path / "short.py").write_text("pass\n" * 300)
    (tmp_path / "picture.png").write_bytes(b"\xff\n" * 301)
    (tmp_path / "ignored.py").write_text("pass\n" * 301)
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    assert longer(tmp_path) == {"long.py": 301}
    subprocess.run(["git", "add", "long.py"], cwd=tmp_path, check=True)
    assert longer(tmp_path) == {"long.py": 301}
