"""What an operator may give the commands by mistake: one line that says so, an exit code, and no traceback.

FUZZ_EXAMPLES=1000 tries so much of each, at random; without it little, and always the same (`make fuzz`).
No command here may change anything: each has a cache folder that is not there, and none starts, stops or removes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from local import render, stack_file, up
from local.deployment import deployment
from local.errors import UserError
from local.paths import REPO

pytestmark = pytest.mark.unit

GIVEN = os.environ.get("FUZZ_EXAMPLES")


def fuzzed(examples: int) -> settings:
    return settings(
        max_examples=int(GIVEN or examples),
        deadline=None,
        derandomize=GIVEN is None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", *words]
    return subprocess.run(command, cwd=REPO, env={**os.environ, **variables}, capture_output=True, text=True)


def refused(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode in {1, 2}, done
    assert "Traceback" not in done.stderr
    assert "rror" in done.stderr, done.stderr


variable = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PLACES = ("~nobody-at-all/x", "x" * 5000, "/dev/null", "/dev/null/x", "/proc/version/x", f"{__file__}/x")


@pytest.mark.parametrize("place", PLACES)
def test_a_cache_that_can_be_no_folder(place: str) -> None:
    refused(run("status", WEB4_CACHE=place))
    script = [sys.executable, "local/preflight.py"]
    done = subprocess.run(
        script, cwd=REPO, env={**os.environ, "WEB4_CACHE": place}, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


@fuzzed(200)
@given(text=variable)
@example("²")
@example("٣")
@example("9" * 5000)
@example("08443")
def test_any_edge_port_is_one_or_is_refused(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGE_PORT", text)
        try:
            assert 0 < up.port() < 65536
        except UserError as error:
            assert "EDGE_PORT" in str(error)


@fuzzed(3)
@given(
    command=st.sampled_from(["verify", "render", "restore-drill", "status", "env"]),
    words=st.lists(variable.map(lambda text: f"{text}~"), min_size=1, max_size=3),
)
@example("render", ["x" * 5000])
@example("verify", ["../../etc/passwd"])
@example("verify", ["x" * 5000])
def test_any_argument_is_refused(tmp_path_factory: pytest.TempPathFactory, command: str, words: list[str]) -> None:
    cache = tmp_path_factory.mktemp("none") / "cache"
    refused(run(command, *words, WEB4_CACHE=str(cache)))
    assert not cache.exists()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    refused(run("restore-drill", WEB4_CACHE=str(tmp_path / "cache"), PATH=str(tmp_path)))


@fuzzed(20)
@given(
    variables=st.dictionaries(
        st.sampled_from(["VERIFY_URL", "VERIFY_CA", "VERIFY_KEY"]),
        variable | st.sampled_from(("https://[", "http://x", "https://", "/", "/dev/null", "x" * 5000, __file__)),
    )
)
def test_any_variable_of_verify_is_used_or_refused(staging: Path, variables: dict[str, str]) -> None:
    variables = {"VERIFY_KEY": str(staging / "key.pem"), **variables}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("local.place.REPO", staging)
        try:
            assert deployment("staging", variables).url.startswith("https://")
        except UserError as error:
            assert "VERIFY_" in str(error)


@pytest.fixture(scope="session")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's folder with one stack, and an operator's key."""
    folder = tmp_path_factory.mktemp("checkout")
    document = yaml.safe_load((REPO / "Pulumi.staging.yaml").read_text())
    kubeconfig = folder / "kubeconfig"
    kubeconfig.touch()
    document["config"]["web4-identity:cluster"] = {"kubeconfig": str(kubeconfig), "context": "staging"}
    (folder / "Pulumi.staging.yaml").write_text(yaml.safe_dump(document))
    cli = REPO / ".venv" / "bin" / "web4-identity"
    subprocess.run([cli, "keygen", "--out", folder / "key.pem"], check=True, capture_output=True)
    return folder


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates()
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["config", "web4-identity:cluster", "cluster", "edge"]) | scalars, inner)
    ),
    max_leaves=12,
)


@fuzzed(60)
@given(text=documents.map(yaml.safe_dump).map(str.encode) | st.binary(max_size=60) | variable.map(str.encode))
@example(b"config: {web4-identity:cluster: x, 1: 2}")
@example(b"config: {}")
@example(b"[" * 5000)
@example(b"config: !!python/object:os.system x")
def test_any_file_is_a_stack_s_or_is_refused(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    folder = tmp_path_factory.mktemp("file")
    file = folder / "Pulumi.dev.yaml"
    file.write_bytes(text)
    with pytest.raises(UserError) as caught:
        render.render("dev", stack_file.read(file), folder / "out")
    assert str(file) in str(caught.value) or "web4-identity:" in str(caught.value)
    assert not (folder / "out").exists()
