"""What an SBOM says is in an image."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packageurl import PackageURL

DEBIAN, GO, PYTHON = "deb", "golang", "pypi"
_DEBIANS_PYTHON = "/usr/lib/python3"
_NO_VERSION = re.compile(r"pkg:golang/[^@]+$")


@dataclass(frozen=True, order=True)
class Component:
    """One package or module.

    Attributes:
        kind: where it is from, as a package URL says it: `deb`, `golang`, `pypi`.
        name: its name there.
        version: its version there.
        licences: SPDX identifiers or expressions, or a name that only its package knows; empty where none was found.
    """

    kind: str
    name: str
    version: str
    licences: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


def components(sbom: Mapping[str, Any]) -> list[Component]:
    """Return the components that have a package URL, each once, sorted."""
    return sorted(set(_components(sbom)))


def _components(sbom: Mapping[str, Any]) -> Iterator[Component]:
    for entry in sbom.get("components", []):
        if (url := entry.get("purl")) and not _is_debians(entry):
            purl = PackageURL.from_string(url)
            name = "/".join(filter(None, (purl.namespace if purl.type == GO else None, purl.name, purl.subpath)))
            yield Component(purl.type, name, purl.version or "", tuple(sorted(set(_licences(entry)))))


def _is_debians(entry: Mapping[str, Any]) -> bool:
    """Return whether it is part of a Debian package, which is listed itself: Debian builds Go without modules."""
    if entry["purl"].startswith("pkg:golang/"):
        return bool(_NO_VERSION.match(entry["purl"]))
    return entry["purl"].startswith("pkg:pypi/") and any(
        each["name"].startswith("syft:location:") and each["value"].startswith(_DEBIANS_PYTHON)
        for each in entry.get("properties", [])
    )


def _licences(entry: Mapping[str, Any]) -> Iterator[str]:
    for each in entry.get("licenses", []):
        licence = each.get("license", {})
        yield each.get("expression") or licence.get("id") or licence.get("name")
