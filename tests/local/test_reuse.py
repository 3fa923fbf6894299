"""What is there already is used: tools on PATH, builds, certificates, image tags."""

import dataclasses
import sys
from pathlib import Path

import pytest

from local import credentials, pki
from local.images import catalogue as images
from local.tools import build
from local.tools.catalogue import BUILDS, KUBERNETES, Binary

pytestmark = pytest.mark.unit


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    (folder / "bin").mkdir(parents=True)
    monkeypatch.setattr(build, "CACHE", folder)
    monkeypatch.setattr(build, "BIN", folder / "bin")
    return folder


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return program


KUBECTL = next(binary for b in BUILDS for binary in b.binaries if binary.name == "kubectl")


def test_a_tool_on_path_in_the_pinned_version_is_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = put_on_path(tmp_path / "path", monkeypatch, f"Client Version: v{KUBERNETES}")
    assert build._link_from_path(KUBECTL)
    assert (cache / KUBECTL.target).resolve() == program


def test_a_tool_on_path_in_another_version_is_not(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path / "path", monkeypatch, "Client Version: v1.31.0")
    assert not build._link_from_path(KUBECTL)
    assert not (cache / KUBECTL.target).exists()


def test_our_own_build_on_path_is_not_linked_to_itself(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(cache / "bin", monkeypatch, f"Client Version: v{KUBERNETES}")
    assert not build._link_from_path(KUBECTL)


def test_a_build_is_made_again_when_its_pin_changes(cache: Path) -> None:
    one = BUILDS[0]
    for binary in one.binaries:
        (cache / binary.target).write_text("")
    assert one in build.pending()
    build._stamp_file(one).write_text(build.stamp_of(one))
    assert one not in build.pending()
    assert build._is_built(dataclasses.replace(one, seconds=1))
    changed = dataclasses.replace(one, ldflags="-X other")
    assert not build._is_built(changed)


def test_go_names_programs_as_the_builds_expect() -> None:
    assert build._go_name("go.etcd.io/etcd/server/v3") == "server"
    assert build._go_name("k8s.io/kubernetes/cmd/kubelet") == "kubelet"
    assert len({binary.target for b in BUILDS for binary in b.binaries}) == sum(len(b.binaries) for b in BUILDS)
    assert Binary("x", "y", path="z/x").target == "z/x"


def test_a_certificate_is_kept_until_its_names_change(tmp_path: Path) -> None:
    ca = pki.authority(tmp_path, "ca")
    first = pki.issue(ca, tmp_path, "edge", "edge", names=("localhost",))[0].read_bytes()
    assert pki.issue(ca, tmp_path, "edge", "edge", names=("localhost",))[0].read_bytes() == first
    assert pki.issue(ca, tmp_path, "edge", "edge", names=("localhost", "10.0.0.1"))[0].read_bytes() != first
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.key"))


def test_a_certificate_of_another_ca_is_replaced(tmp_path: Path) -> None:
    first = pki.issue(pki.authority(tmp_path, "one"), tmp_path, "edge", "edge")[0].read_bytes()
    assert pki.issue(pki.authority(tmp_path, "two"), tmp_path, "edge", "edge")[0].read_bytes() != first


def test_an_image_has_another_tag_when_its_content_changes(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text("FROM scratch\n")
    (tmp_path / "code.py").write_text("one = 1\n")
    image = images.Image("identity", source=tmp_path)
    first = images.reference(image)
    assert images.reference(image) == first
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "code.pyc").write_text("")
    assert images.reference(image) == first  # what a test run leaves is not content
    (tmp_path / "code.py").write_text("one = 2\n")
    assert images.reference(image) != first


def test_a_founder_keeps_its_key_and_its_proof_and_gets_a_proof_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    monkeypatch.setattr(credentials, "STATE", state)
    monkeypatch.setattr(credentials, "FOUNDER_KEY", state / "founder.pem")
    monkeypatch.setattr(credentials, "FOUNDER_PROOF", state / "founder.proof")
    monkeypatch.setattr(credentials, "service_cli", lambda: Path(sys.executable).with_name("web4-identity"))
    first = credentials.founder()
    assert first.binding_proof.startswith("cose:") and credentials.founder() == first
    credentials.FOUNDER_PROOF.unlink()
    later = credentials.founder()
    assert later.public_key == first.public_key and later.binding_proof.startswith("cose:")
    credentials.FOUNDER_KEY.unlink()
    other = credentials.founder()
    assert other.public_key != first.public_key and other.binding_proof != later.binding_proof
