"""What a user does wrong, or lacks: one clear line with what to do, an exit code, and nothing half-made."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import preflight
from local.paths import REPO

pytestmark = pytest.mark.unit

LINE = 240  # characters


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def run(words: list[str], cache: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=REPO, env={**os.environ, "WEB4_CACHE": str(cache), **variables}, capture_output=True, text=True
    )


def refused(done: subprocess.CompletedProcess[str], cache: Path, *parts: str) -> None:
    """Assert one `error:` line with all `parts`, a failing exit code, and an untouched cache folder."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    for part in parts:
        assert part in lines[0]
    assert not cache.exists()


def up(cache: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "local", "up"], cache, **variables)


def check(cache: Path, *prefix: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run([*prefix, "/usr/bin/python3", "local/preflight.py"], cache, **variables)


def test_this_machine_is_good_enough(cache: Path) -> None:
    assert check(cache).returncode == 0, check(cache).stderr


def test_no_root(tmp_path: Path) -> None:
    script = shutil.copyfile(REPO / "local" / "preflight.py", Path("/tmp") / f"preflight-{os.getpid()}.py")
    script.chmod(0o644)
    try:
        done = run(["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", str(script)], Path("/tmp/none"))
    finally:
        script.unlink()
    refused(done, Path("/tmp/none"), "not root", "sudo", "KUBE_CONTEXT")


def test_no_go(cache: Path) -> None:
    refused(check(cache, PATH="/usr/bin:/bin"), cache, "no Go on PATH", "install Go 1.26")


def test_an_old_go(cache: Path, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "go"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    old.chmod(0o755)
    refused(check(cache, PATH=f"{old.parent}:/usr/bin:/bin"), cache, "go1.19.8", "install Go 1.26")


def test_too_little_disk(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=7e9))
    message = preflight.problem(cache, embedded=True)
    assert message is not None
    assert "7.0 GB of disk free" in message
    assert "15 GB needed" in message
    assert "WEB4_CACHE" in message


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_taken(cache: Path, taken_port: int) -> None:
    refused(up(cache, EDGE_PORT=str(taken_port)), cache, f"port {taken_port} on 127.0.0.1", "EDGE_PORT=")


def test_a_port_that_is_none(cache: Path) -> None:
    refused(up(cache, EDGE_PORT="https"), cache, "EDGE_PORT is 'https'", "1 to 65535")


def test_an_unreachable_context(cache: Path, tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(
        "apiVersion: v1\nkind: Config\n"
        "clusters: [{name: gone, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: me, user: {}}]\ncontexts: [{name: gone, context: {cluster: gone, user: me}}]\n"
    )
    done = up(cache, KUBE_CONTEXT="gone", KUBECONFIG=str(config), IMAGE_REGISTRY="none")
    refused(done, cache, "context gone", "cannot be reached", "get-contexts")


def test_a_context_without_a_registry(cache: Path) -> None:
    refused(up(cache, KUBE_CONTEXT="mine"), cache, "IMAGE_REGISTRY=")


def test_a_missing_passphrase(cache: Path) -> None:
    stacks = cache / "state" / "pulumi" / ".pulumi" / "stacks" / "web4-identity"
    stacks.mkdir(parents=True)
    (stacks / "local.json").write_text("{}")
    before = sorted(cache.rglob("*"))
    done = up(cache, PULUMI_CONFIG_PASSPHRASE="", PULUMI_CONFIG_PASSPHRASE_FILE="")
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert len(line) < LINE
    assert "passphrase is missing" in line
    assert "PULUMI_CONFIG_PASSPHRASE" in line
    assert sorted(cache.rglob("*")) == before


def test_two_at_once(cache: Path, free_port: int) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        with suppress(OSError):  # taken: then one is running indeed
            other.bind("\0web4-identity")
        refused(up(cache, EDGE_PORT=str(free_port)), cache, "another `make up`", "wait for it")


def test_down_asks_before_it_deletes(cache: Path) -> None:
    cache.mkdir()
    kept = cache / "kept"
    kept.write_text("data")
    done = run([sys.executable, "-m", "local", "down"], cache, YES="")
    assert done.returncode != 0
    assert "YES=1" in done.stderr
    assert kept.read_text() == "data"


def test_clean_removes_no_folder_that_is_not_its_own(cache: Path) -> None:
    (cache / "bin").mkdir(parents=True)
    (cache / "bin" / "mine").write_text("data")
    done = run([sys.executable, "-m", "local", "clean"], cache)
    assert done.returncode != 0
    assert "has no tools that were built here" in done.stderr
    assert (cache / "bin" / "mine").read_text() == "data"


def test_a_cache_where_the_node_hides_it() -> None:
    cache = Path("/var/lib/web4-none")
    refused(up(cache, EDGE_PORT="18443"), cache, "/var/lib", "WEB4_CACHE")
