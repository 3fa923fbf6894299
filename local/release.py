"""`make release VERSION=x.y.z`: a tag whose message is the version's section of CHANGELOG.md, or why there is none.

The version is written in one place, the project's pyproject.toml; the service has a version of its own, which the
deployment guide sets.
"""

import re
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from local.console import capture
from local.errors import UserError
from local.paths import REPO

BRANCH = "main"
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_HEADING = re.compile(r"^## \[(?P<version>[^]]+)\](?: - (?P<date>\S+))?[ \t]*$", re.MULTILINE)


class Notes(NamedTuple):
    """What CHANGELOG.md says of a version: the date as it is written, empty where none is, and the section's text."""

    date: str
    text: str


def version(repo: Path = REPO) -> str:
    """Return the version in pyproject.toml."""
    read = tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))
    return str(read["project"]["version"])


def sections(changelog: str) -> dict[str, Notes]:
    """Return the sections of a changelog in the form of keep-a-changelog, by version; `Unreleased` is one."""
    found = list(_HEADING.finditer(changelog))
    ends = [each.start() for each in found[1:]] + [len(changelog)]
    return {
        each["version"]: Notes(each["date"] or "", changelog[each.end() : end].strip())
        for each, end in zip(found, ends, strict=True)
    }


def release(repo: Path, wanted: str) -> str:
    """Tag the commit that is checked out as a version, and return the tag's name.

    Args:
        repo: the checkout.
        wanted: the version, x.y.z.

    Raises:
        UserError: it is no version, there are changes that are not committed, another branch is checked out,
            pyproject.toml or CHANGELOG.md say something else, or the tag is there. Nothing is changed then.
    """
    if not _VERSION.fullmatch(wanted):
        raise UserError(f"VERSION is {wanted!r}: say three numbers, such as 1.2.3.")
    if _git(repo, "status", "--porcelain"):
        raise UserError("the checkout has changes or files that are not committed: commit them, or put them away.")
    if (branch := _git(repo, "branch", "--show-current")) != BRANCH:
        raise UserError(f"a version is a commit of {BRANCH}, and {branch or 'no branch'} is checked out.")
    if (written := version(repo)) != wanted:
        raise UserError(f"pyproject.toml says version {written}: make it {wanted} in a commit before.")
    notes = _notes(repo, wanted)
    tag = f"v{wanted}"
    if _git(repo, "tag", "--list", tag):
        raise UserError(f"the tag {tag} is there already: a version that was given out stays what it is.")
    # git's own clean-up would take the headings, which begin with #, for comments.
    words = ("tag", "--annotate", "--cleanup=whitespace", "--file=-", tag)
    _git(repo, *words, stdin=f"{wanted}, {notes.date}\n\n{notes.text}\n")
    return tag


def _notes(repo: Path, wanted: str) -> Notes:
    """The section of a version, with its date; UserError if it lacks anything."""
    notes = sections((repo / "CHANGELOG.md").read_text(encoding="utf-8")).get(wanted)
    if notes is None:
        raise UserError(f"CHANGELOG.md has no section `## [{wanted}] - YYYY-MM-DD`: write what the version has.")
    try:
        day = date.fromisoformat(notes.date)
    except ValueError:
        raise UserError(f"CHANGELOG.md's section {wanted} has no date: `## [{wanted}] - YYYY-MM-DD`.") from None
    if day > datetime.now(UTC).date():
        raise UserError(f"CHANGELOG.md dates {wanted} to {day}, which is still to come.")
    if not notes.text:
        raise UserError(f"CHANGELOG.md's section {wanted} is empty: write what the version has.")
    return notes


def _git(repo: Path, *words: str, stdin: str = "") -> str:
    return capture(["git", "-C", repo, *words], stdin=stdin).strip()


if __name__ == "__main__":
    try:
        made = release(REPO, sys.argv[1] if len(sys.argv) > 1 else "")
    except UserError as error:
        sys.exit(f"error: {error}")
    print(f"tagged {made}; it is given out by `git push origin {made}`")
