"""The Python index's answer about the images' Python packages (pip-audit), where its advisories can be reached."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from local.supply.components import PYTHON, Component
from local.supply.findings import Answer, Finding

SOURCE = "PyPI's advisories"
OURS = {"web4-identity"}  # what the index knows under that name is not ours


def look(images: Mapping[str, list[Component]]) -> Answer:
    """Ask about each Python package of each image.

    Args:
        images: the components by the image's name. Debian's Python packages are Debian's, and not among them.
    """
    found: list[Finding] = []
    problems: list[str] = []
    looked_at = 0
    for image, components in images.items():
        packages = [each for each in components if each.kind == PYTHON and each.name not in OURS]
        if packages:
            findings, missed = read(image, _audit(packages))
            found += findings
            problems += missed
            looked_at += len(packages)
    return Answer(SOURCE, f"{looked_at} packages", tuple(sorted(found)), "; ".join(problems))


def read(image: str, answer: Mapping[str, Any]) -> tuple[list[Finding], list[str]]:
    """Return the findings in pip-audit's JSON, and what it could not look up: that it calls no vulnerability."""
    findings = list(_findings(image, answer))
    skipped = [each["name"] for each in answer["dependencies"] if "skip_reason" in each]
    asked = len(answer["dependencies"])
    return findings, [f"{len(skipped)} of {asked} could not be looked up, {skipped[0]} first"] if skipped else []


def _findings(image: str, answer: Mapping[str, Any]) -> Iterator[Finding]:
    for package in answer["dependencies"]:
        for known in package.get("vulns", []):
            fixed = next(iter(known["fix_versions"]), "")
            yield Finding(image, package["name"], package["version"], known["id"], fixed)


def _audit(packages: list[Component]) -> dict[str, Any]:
    with NamedTemporaryFile("w", prefix="web4-audit-", suffix=".txt") as pins:
        pins.write("".join(f"{each.name}=={each.version}\n" for each in packages))
        pins.flush()
        options = ["--no-deps", "--disable-pip", "--format=json", "--progress-spinner=off"]
        said = subprocess.run(
            [Path(sys.executable).with_name("pip-audit"), *options, f"--requirement={pins.name}"],
            capture_output=True,
            text=True,
            check=False,
        )
    if said.returncode not in {0, 1} or not said.stdout:
        last = said.stderr.strip().splitlines()[-1:] or [f"exit code {said.returncode}"]
        return {"dependencies": [{"name": each.name, "skip_reason": last[0]} for each in packages]}
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer
