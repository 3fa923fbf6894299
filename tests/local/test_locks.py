"""Everything from the Python index is locked: its version and its hashes, for every file that was published of it."""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pip_requirements_parser import RequirementsFile

from local.paths import REPO

pytestmark = pytest.mark.unit

VENV_LOCK = REPO / "requirements.lock"
SERVICE_LOCK = REPO / "service" / "requirements.lock"
CHECKOV_LOCK = REPO / "local" / "checks" / "requirements.lock"
LOCKS = pytest.mark.parametrize("lock", [VENV_LOCK, SERVICE_LOCK, CHECKOV_LOCK], ids=["venv", "service", "checkov"])


def locked(lock: Path) -> dict[str, tuple[Requirement, Marker | None, list[str]]]:
    """Return each package's requirement, on which machines it is needed, and its hashes, by its name."""
    parsed = RequirementsFile.from_file(str(lock))
    assert not parsed.invalid_lines
    return {canonicalize_name(each.name): (each.req, each.marker, each.hash_options) for each in parsed.requirements}


def pinned(lock: Path) -> dict[str, str]:
    """Return the version of each package."""
    return {name: str(requirement.specifier) for name, (requirement, _, _) in locked(lock).items()}


def asked(pyproject: Path) -> list[Requirement]:
    """Return what a pyproject.toml asks for: the package's needs, its extras' and its groups'."""
    read = tomllib.loads(pyproject.read_text())
    lists = [read["project"]["dependencies"]]
    lists += read["project"].get("optional-dependencies", {}).values()
    lists += read["dependency-groups"].values()
    return [Requirement(line) for each in lists for line in each]


def closure(roots: Iterable[Requirement]) -> set[str]:
    """Return every package that `roots` bring here, by what the installed ones say that they need."""
    found: set[tuple[str, str]] = set()
    todo = [(root, extra) for root in roots for extra in ("", *root.extras)]
    while todo:
        requirement, extra = todo.pop()
        key = (canonicalize_name(requirement.name), extra)
        if key in found:
            continue
        found.add(key)
        for line in distribution(requirement.name).requires or ():
            needed = Requirement(line)
            if not needed.marker or needed.marker.evaluate({"extra": extra}):
                todo += [(needed, each) for each in ("", *needed.extras)]
    return {name for name, _ in found}


def of_here(lock: Path) -> set[str]:
    """Return the locked packages that this machine's Python gets."""
    return {name for name, (_, marker, _) in locked(lock).items() if not marker or marker.evaluate()}


@LOCKS
def test_each_package_of_a_lock_has_one_version_and_its_hashes(lock: Path) -> None:
    for name, (requirement, _, hashes) in locked(lock).items():
        assert re.fullmatch(r"==[^*]+", str(requirement.specifier)), name
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), name


@LOCKS
def test_a_lock_names_no_index(lock: Path) -> None:
    assert "://" not in lock.read_text()


@pytest.mark.parametrize(
    ("lock", "projects"),
    [
        (VENV_LOCK, [REPO / "pyproject.toml", REPO / "service" / "pyproject.toml"]),
        (SERVICE_LOCK, [REPO / "service" / "pyproject.toml"]),
    ],
    ids=["venv", "service"],
)
def test_a_lock_holds_what_pyproject_asks_for_and_what_that_needs_and_nothing_else(
    lock: Path, projects: list[Path]
) -> None:
    roots = [requirement for project in projects for requirement in asked(project)]
    versions = pinned(lock)
    differing = [str(each) for each in roots if versions.get(canonicalize_name(each.name)) != str(each.specifier)]
    assert not differing, "renew the lock: make lock"
    assert closure(roots) == of_here(lock)


def test_the_image_of_the_service_has_the_versions_that_the_tests_ran_with() -> None:
    assert pinned(SERVICE_LOCK).items() <= pinned(VENV_LOCK).items()


def test_the_checkov_lock_is_of_its_pin() -> None:
    pin = Requirement((CHECKOV_LOCK.parent / "requirements.in").read_text().strip())
    assert pinned(CHECKOV_LOCK)[pin.name] == str(pin.specifier)


@pytest.mark.parametrize("recipe", ["Makefile", "service/Containerfile"])
def test_each_install_is_by_hashes_or_of_our_own_package_alone(recipe: str) -> None:
    commands = (REPO / recipe).read_text().replace("\\\n", "").splitlines()
    installs = [line for line in commands if re.search(r"pip\S* install", line, re.IGNORECASE)]
    assert len(installs) == 2
    # Whole by the test above: without --no-deps Debian 12's pip refuses a lock once a newer release fits `name[extra]`.
    assert all("--require-hashes --no-deps" in each or "--no-deps --no-build-isolation" in each for each in installs)
