"""What is known against the images: how each source's answer is read, and what of it counts."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.supply import debian, golang, pypi
from local.supply.accepted import ACCEPTED
from local.supply.components import Component
from local.supply.findings import Accepted, Answer, Finding
from local.supply.scan import Result, judge

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 27)
OPENSSL = Finding("redis", "libssl3", "3.0.1-1", "Debian-Security:12/oldstable-security", "3.0.17-1")

APT = """Calculating upgrade...
The following packages will be upgraded:
  libssl3 libudev1
Inst libssl3 [3.0.1-1] (3.0.17-1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []
Inst libudev1 [252.38-1] (252.39-1 Debian:12.15/oldstable [amd64])
Inst new-dependency (1.0 Debian:12.15/oldstable [amd64])
Conf libssl3 (3.0.17-1 Debian:12.15/oldstable [amd64])
"""


def test_each_package_that_apt_would_replace_is_a_finding() -> None:
    security = "Debian:12.15/oldstable, Debian-Security:12/oldstable-security"
    assert list(debian.waiting("redis", APT)) == [
        Finding("redis", "libssl3", "3.0.1-1", security, "3.0.17-1"),
        Finding("redis", "libudev1", "252.38-1", "Debian:12.15/oldstable", "252.39-1"),
    ]


def test_an_archive_that_cannot_be_had_is_a_problem_and_not_a_clean_answer(tmp_path: Path) -> None:
    (tmp_path / "etc" / "apt").mkdir(parents=True)
    (tmp_path / "etc" / "apt" / "sources.list").write_text(f"deb file:{tmp_path}/nowhere bookworm main\n")
    (tmp_path / debian.STATUS).parent.mkdir(parents=True)
    (tmp_path / debian.STATUS).write_text("Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n")
    answer = debian.look({"base": tmp_path})
    assert "nowhere" in answer.problem and not answer.findings


def finding(osv: str, **place: str) -> str:
    trace = [{"module": "golang.org/x/net", "version": "v0.1.0", **place}]
    return json.dumps({"finding": {"osv": osv, "fixed_version": "v0.2.0", "trace": trace}}, indent=2)


def test_of_gos_findings_those_count_whose_function_is_in_the_program() -> None:
    said = "\n".join(
        (
            json.dumps({"config": {"scan_mode": "binary"}}),
            finding("GO-2025-0001"),
            finding("GO-2025-0001", package="golang.org/x/net/http2"),
            finding("GO-2025-0001", package="golang.org/x/net/http2", function="ServeConn"),
            finding("GO-2025-0002", package="golang.org/x/net/html"),
        )
    )
    assert set(golang.read("coredns", said)) == {
        Finding("coredns", "golang.org/x/net", "v0.1.0", "GO-2025-0001", "v0.2.0")
    }


def test_gos_programs_are_found_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "script").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "script").chmod(0o755)
    assert golang.programs(tmp_path) == []


VULNERABLE = {"name": "jinja2", "version": "3.1.2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.3", "4"]}]}
SKIPPED = {"name": "httpx", "skip_reason": "Dependency not found on PyPI and could not be audited: httpx (0.28.1)"}


def test_a_python_package_that_could_not_be_looked_up_is_a_problem() -> None:
    found, problems = pypi.read("identity", {"dependencies": [VULNERABLE, SKIPPED]})
    assert found == [Finding("identity", "jinja2", "3.1.2", "PYSEC-1", "3.1.3")]
    assert problems == ["1 of 2 could not be looked up, httpx first"]
    assert pypi.read("identity", {"dependencies": [VULNERABLE]})[1] == []


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ('echo \'{"dependencies": [{"name": "httpx", "version": "1", "vulns": []}]}\'', ""),
        ('echo "error: no network" >&2; exit 3', "1 of 1 could not be looked up, httpx first"),
    ],
    ids=["an answer", "none"],
)
def test_pip_audit_is_asked_about_the_images_packages_alone(
    script: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(f'#!/bin/sh\ncat "${{5#--requirement=}}" > {tmp_path}/asked\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    ours = Component("pypi", "web4-identity", "0.1.0")
    answer = pypi.look({"identity": [Component("pypi", "httpx", "0.28.1"), Component("deb", "curl", "1"), ours]})
    assert (tmp_path / "asked").read_text() == "httpx==0.28.1\n"
    assert (answer.looked_at, answer.problem) == ("1 packages", problem)


def accepted(**changed: Any) -> Accepted:
    fields: dict[str, Any] = {"image": "redis", "component": "libssl3", "advisory": "Debian*", "reason": "not used"}
    return Accepted(**{**fields, "until": date.max, **changed})


def judged(*exceptions: Accepted) -> Result:
    return judge([Answer("Debian", "9 packages", (OPENSSL,))], {}, exceptions, TODAY)


def test_a_finding_counts_unless_it_is_accepted_until_a_later_day() -> None:
    assert not judged().clean and judged().findings == (OPENSSL,)
    assert judged(accepted(until=date(2026, 11, 28))).clean
    assert not judged(accepted(until=TODAY)).clean
    assert not judged(accepted(image="nginx")).clean
    assert not judged(accepted(component="libssl")).clean
    assert not judged(accepted(advisory="DSA-1")).clean
    assert judged(accepted(image="*")).accepted == ((OPENSSL, "not used"),)


def test_an_exception_that_nothing_needs_any_more_is_named() -> None:
    result = judge([Answer("Debian", "9 packages")], {}, [accepted()], TODAY)
    assert result.clean and "no longer needed: the exception for libssl3" in result.text()


def test_a_source_without_an_answer_is_not_clean_and_says_so() -> None:
    result = judge([Answer("Debian", problem="no network")], {"PyPI": "not asked"}, [], TODAY)
    assert not result.clean
    assert result.text().splitlines() == ["Debian: no network", "PyPI: not asked"]
    assert json.loads(json.dumps(result.as_json(), default=str))["clean"] is False


def test_what_is_accepted_has_a_reason_and_a_day() -> None:
    assert all(each.reason and each.until < date.max and each.component != "*" for each in ACCEPTED)
