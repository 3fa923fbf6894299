"""`web4ctl sbom`, `scan`, `reproduce`: what they write and print, and their exit codes. A script stands in for syft."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from supply_layout import layer, layout
from typer.testing import CliRunner, Result

from local.ctl import supplying
from local.ctl.app import app
from local.images import reproduce
from local.images.catalogue import Image
from local.images.layout import Layout
from local.images.store import Store
from local.supply import built, sbom, scan
from local.supply.findings import Answer, Finding
from local.supply.licences import ALLOWED
from local.tools import build as tools

pytestmark = pytest.mark.unit

SYFT = """#!/bin/sh
for word; do
  case $word in --output=cyclonedx-json@1.6=*) out=${word#*@1.6=};; --source-name=*) name=${word#*=};; esac
done
echo "$SYFT_GOLANG_LOCAL_MOD_CACHE_DIR" > "$0.texts"
cat > "$out" <<END
{"components": [
  {"purl": "pkg:golang/example.com/$(basename "$name")@v1.0.0", "licenses": [{"license": {"id": "LICENCE"}}]}
]}
END
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words, prog_name="web4ctl")


@pytest.fixture(autouse=True)
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests beside this one do with the running stack is nothing to wait for."""
    monkeypatch.setattr(supplying, "alone", nullcontext)
    monkeypatch.setattr(tools, "pending", lambda *_: [])


@pytest.fixture
def licence(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "MIT")


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, licence: str) -> Path:
    """Let two images be built, and syft find one module in each; return the folder that `sbom` writes to."""

    def written(_: Store, name: str, folder: Path) -> Layout:
        return layout(folder, layer({name: name}))

    (tmp_path / "syft").write_text(SYFT.replace("LICENCE", licence))
    (tmp_path / "syft").chmod(0o755)
    monkeypatch.setattr(sbom, "BIN", tmp_path)
    monkeypatch.setattr(sbom, "IMAGES", tmp_path)
    monkeypatch.setattr("local.console.LOGS", tmp_path / "logs")
    monkeypatch.setattr(Store, "layout", written)
    monkeypatch.setattr("local.supply.go_modules.texts", lambda: tmp_path / "licences")
    monkeypatch.setattr(built, "missing", lambda: False)
    monkeypatch.setattr(built, "build", lambda: {"redis": "localhost/web4/redis:1", "base": "localhost/web4/base:2"})
    folder = tmp_path / "sbom"
    monkeypatch.setattr(sbom.describe, "__defaults__", (folder,))
    return folder


def test_each_image_gets_its_sbom_and_a_line_with_digest_and_size(images: Path, tmp_path: Path) -> None:
    images.mkdir()
    (images / "of-before.cdx.json").write_text("{}")
    said = run("sbom", "--json")
    assert said.exit_code == 0, said.output
    assert {path.name for path in images.iterdir()} == {
        *("base.cdx.json", "redis.cdx.json", "images.json", "licences.md"),
    }
    listed = json.loads((images / "images.json").read_text())
    assert said.stdout.endswith("\n" + json.dumps(listed, indent=2) + "\n")
    (base, redis) = listed
    assert (base["name"], base["reference"], base["components"]) == ("base", "localhost/web4/base:2", 1)
    assert redis["digest"].startswith("sha256:") and redis["compressed_bytes"] > 50
    assert (tmp_path / "syft.texts").read_text() == f"{tmp_path}/licences\n"
    assert "| MIT | 1 | example.com/redis |" in (images / "licences.md").read_text()


@pytest.mark.parametrize("licence", ["AGPL-3.0-only"], indirect=True)
def test_a_licence_that_nobody_agreed_to_fails_and_is_named(images: Path) -> None:
    assert "AGPL-3.0-only" not in ALLOWED
    said = run("sbom")
    assert said.exit_code == 1
    assert "    example.com/redis v1.0.0: AGPL-3.0-only is not allowed\n" in said.stdout


KNOWN = Finding("redis", "example.com/redis", "v1.0.0", "GO-2025-0001")


@pytest.mark.parametrize(
    ("debian", "code", "line"),
    [
        (Answer("Debian", "9 packages"), 0, "Debian: 0 known against 9 packages"),
        (
            Answer("Debian", "9 packages", (KNOWN,)),
            1,
            "  FOUND     redis: example.com/redis v1.0.0: 1 known: GO-2025-0001",
        ),
        (Answer("Debian", problem="no network"), 1, "Debian: no network"),
    ],
    ids=["clean", "a finding", "no answer"],
)
def test_a_scan_fails_on_a_finding_and_without_an_answer(
    images: Path, monkeypatch: pytest.MonkeyPatch, debian: Answer, code: int, line: str
) -> None:
    monkeypatch.setattr(Store, "buildah", lambda *_: "/")
    monkeypatch.setattr("local.supply.debian.look", lambda roots: debian)
    monkeypatch.setattr("local.supply.golang.look", lambda roots: Answer("Go", f"{len(roots)} programs"))
    monkeypatch.setattr("local.supply.pypi.look", lambda packages: Answer("PyPI", f"of {', '.join(packages)}"))
    said = run("scan")
    assert (said.exit_code, line in said.stdout) == (code, True)
    assert "Go: 0 known against 2 programs" in said.stdout and scan.ONLINE in said.stdout
    said = run("scan", "--online")
    assert said.exit_code == code and "PyPI: 0 known against of base, redis" in said.stdout


@pytest.mark.parametrize(("differing", "code"), [((), 0), (("layer 1: etc/ld.so.cache (content)",), 1)])
def test_a_digest_that_differs_fails(differing: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [reproduce.Row("base", "sha256:0", 1), reproduce.Row("redis", "sha256:1", 2, differing)]
    asked: list[Image] = []

    def compared(wanted: list[Image]) -> list[reproduce.Row]:
        asked.extend(wanted)
        return rows

    monkeypatch.setattr(reproduce, "reproduce", compared)
    said = run("reproduce", "redis", "--json")
    assert said.exit_code == code
    assert [row["same"] for row in json.loads(said.stdout)] == [True, not differing]
    assert [image.name for image in asked] == ["redis"]


def test_an_image_that_there_is_not_is_a_mistake_in_usage() -> None:
    said = run("reproduce", "rediss")
    assert said.exit_code == 2 and "there is no image rediss: say some of identity, postgres, redis" in said.output
