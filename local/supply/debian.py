"""Debian's answer: does its archive have a newer version of a package that is in an image?

To a stable release Debian adds nothing but corrections, most of them of security; so each newer version counts. What
has no corrected version yet is not known to apt: docs/supply-chain.md says who knows.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.console import capture
from local.errors import UserError
from local.supply.findings import Answer, Finding

SOURCE = "Debian's archive"
# Inst libudev1 [252.38-1] (252.39-1 Debian:12.15/oldstable [amd64])
_WAITING = re.compile(r"^Inst (\S+) \[([^]]+)\] \((\S+) (.+) \[\S+\]\)", re.MULTILINE)
STATUS = Path("var/lib/dpkg/status")


def look(roots: Mapping[str, Path]) -> Answer:
    """Ask the archive that the base is from about each image's packages.

    Args:
        roots: the images' files by name, `base` among them.
    """
    debian = {name: root / STATUS for name, root in roots.items() if (root / STATUS).exists()}
    with tempfile.TemporaryDirectory(prefix="web4-apt-") as folder:
        apt = ["apt-get", *_options(Path(folder), roots["base"] / "etc/apt")]
        try:
            # Without the mode a suite that could not be fetched is a warning, and then nothing newer is known.
            capture([*apt, "-o", "APT::Update::Error-Mode=any", "update"])
            findings = [
                finding
                for name, status in debian.items()
                for finding in waiting(
                    name, capture([*apt, "-o", f"Dir::State::status={status}", "--simulate", "dist-upgrade"])
                )
            ]
        except UserError as error:
            return Answer(SOURCE, problem=str(error))
    packages = {package for status in debian.values() for package in installed(status.read_text())}
    return Answer(SOURCE, f"{len(packages)} packages", tuple(sorted(findings)))


def waiting(image: str, said: str) -> Iterator[Finding]:
    """Read what `apt-get --simulate dist-upgrade` would install in place of something older."""
    for package, version, newer, suites in _WAITING.findall(said):
        yield Finding(image, package, version, suites, newer)


def installed(status: str) -> set[str]:
    """Return the names of the packages that dpkg's status file lists."""
    return set(re.findall(r"^Package: (\S+)$", status, re.MULTILINE))


def _options(state: Path, etc: Path) -> list[str]:
    """Return what keeps apt away from this machine's own lists, packages and settings."""
    (state / "lists" / "partial").mkdir(parents=True)
    settings = {
        "Dir::Etc": etc,
        "Dir::State": state,
        "Dir::State::Lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",  # the folder is ours alone
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
