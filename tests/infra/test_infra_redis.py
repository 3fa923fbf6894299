"""Redis's password and TLS: the rendered command on a real Redis, and the service's own client against it."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
import pytest
from infra_ports import free_ports
from infra_recording import REDIS_PASSWORD, Program, run_program
from web4_identity.metrics import Metrics
from web4_identity.redis_store import RedisStore, StoreUnavailable
from web4_identity.settings import load_settings

from infra.configuration import build_settings
from infra.environments import overlay
from local import credentials, pki
from local.passwords import Password

pytestmark = [pytest.mark.infra, pytest.mark.tools]

(PORT,) = free_ports(1)
# The name that the service looks up, and where a server on this machine answers.
NAMES = ("redis-service", "127.0.0.1")


def redis_container(program: Program) -> dict[str, Any]:
    (container,) = program.find("Deployment", "redis").inputs["spec"]["template"]["spec"]["containers"]
    return dict(container)


def service_variables(program: Program) -> dict[str, Any]:
    (container,) = program.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"] for each in container["env"]}


def here(words: list[str], folder: Path) -> list[str]:
    """The container's words with this machine's places."""
    places = {"/etc/web4/redis-tls": folder, "/data": folder, "6379": PORT}
    for there, this in places.items():
        words = [word.replace(there, str(this)) for word in words]
    return words


@pytest.fixture(params=["TLS", "plain"])
def server(request: pytest.FixtureRequest, config: dict[str, Any], tmp_path: Path) -> Iterator[tuple[Program, Path]]:
    """A running Redis with the rendered options, and the program they are from."""
    program = run_program(config if request.param == "TLS" else overlay(config, {"redis": {"tls": None}}))
    pki.issue(pki.authority(tmp_path, "ca"), tmp_path, "tls", NAMES[0], names=NAMES)
    with running(program, tmp_path):
        yield program, tmp_path


@contextmanager
def running(program: Program, folder: Path, **other: str) -> Iterator[None]:
    """Redis with the rendered options and the password, and `other` variables."""
    container = redis_container(program)
    words = here([*container["command"], *container["args"]], folder)
    environment = {**os.environ, "REDISCLI_AUTH": REDIS_PASSWORD, **other}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while probe(program, folder, REDIS_PASSWORD) != 0:
            assert time.monotonic() < deadline, "Redis does not answer its probe"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def probe(program: Program, folder: Path, password: str) -> int:
    """The exit code of the readiness probe's command."""
    command = here(redis_container(program)["readinessProbe"]["exec"]["command"], folder)
    environment = {**os.environ, "REDISCLI_AUTH": password}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


def client(program: Program, ca_folder: Path, monkeypatch: pytest.MonkeyPatch, password: str) -> RedisStore:
    """The service's own client, told what the pod's variables say."""
    variables = {
        **{name: value for name, value in service_variables(program).items() if isinstance(value, str)},
        "DATABASE_URL": "postgresql://a:b@localhost:5432/c",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(PORT),
        "REDIS_PASSWORD": password,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("/etc/web4/redis-ca", str(ca_folder)))
    return RedisStore(load_settings(), Metrics())


async def test_the_service_gets_in_with_the_password(
    server: tuple[Program, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, folder = server
    store = client(program, folder, monkeypatch, REDIS_PASSWORD)
    await store.ping()
    assert (await store.client.config_get("maxmemory-policy"))["maxmemory-policy"] == "volatile-ttl"
    await store.close()


@pytest.mark.parametrize("password", ["guessed", ""])
async def test_nobody_gets_in_without_it(
    server: tuple[Program, Path], monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    program, folder = server
    store = client(program, folder, monkeypatch, password)
    with pytest.raises(StoreUnavailable, match="Authentication"):
        await store.ping()
    await store.close()
    assert probe(program, folder, password) != 0


@pytest.mark.parametrize(
    ("other", "opens"),
    [("the one before", ["the one before"]), ("", []), (None, [])],
    ids=["another", "empty", "not set"],
)
async def test_while_the_password_changes_another_opens_as_well(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other: str | None, opens: list[str]
) -> None:
    program = run_program(overlay(config, {"redis": {"tls": None}}))
    with running(program, tmp_path, **({"REDIS_OTHER_PASSWORD": other} if other is not None else {})):
        for word in (REDIS_PASSWORD, "the one before", "", "$(REDIS_OTHER_PASSWORD)"):
            store = client(program, tmp_path, monkeypatch, word)
            if word in (REDIS_PASSWORD, *opens):
                await store.ping()
            else:
                with pytest.raises(StoreUnavailable, match="Authentication"):
                    await store.ping()
            await store.close()


@pytest.mark.parametrize("server", ["TLS"], indirect=True)
async def test_the_service_believes_its_cas_server_only(
    server: tuple[Program, Path], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    pki.authority(elsewhere, "ca")
    store = client(server[0], elsewhere, monkeypatch, REDIS_PASSWORD)
    with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await store.ping()
    await store.close()


def test_the_service_is_given_the_password_and_the_ca_alone(program: Program) -> None:
    variables = service_variables(program)
    assert variables["REDIS_PASSWORD"] == {"name": "redis-password", "key": "password"}
    spec = program.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]
    (volume,) = [each["secret"] for each in spec["volumes"] if each["name"] == "redis-ca"]
    assert (volume["secretName"], volume["items"]) == ("redis-tls", [{"key": "ca.crt", "path": "ca.crt"}])
    assert program.find("Secret", "redis-password").urn in program.waits_for(program.find("Deployment", "redis"))


def test_secrets_that_are_there_are_used_and_none_is_made(by_hand: Program) -> None:
    assert not {"redis-password", "redis-tls"} & {each.name for each in by_hand.of_kind("Secret")}
    assert service_variables(by_hand)["REDIS_PASSWORD"]["name"] == "by-hand"
    for name in ("redis", "web4-identity"):
        spec = by_hand.find("Deployment", name).inputs["spec"]["template"]["spec"]
        assert [each["secret"]["secretName"] for each in spec["volumes"] if each["name"] in ("tls", "redis-ca")] == [
            "by-cert-manager"
        ]


def test_an_external_redis_replaces_the_stacks_own(config: dict[str, Any]) -> None:
    external = {"host": "redis.web4.io", "port": 6380, "ca_secret_name": "redis-ca"}
    program = run_program(overlay(config, {"redis": {"tls": None, "external": external}}))
    assert "redis" not in [each.name for each in program.of_kind("Deployment")]
    assert "redis-service" not in [each.name for each in program.of_kind("Service")]
    variables = service_variables(program)
    assert [variables[name] for name in ("REDIS_HOST", "REDIS_PORT", "REDIS_TLS")] == ["redis.web4.io", "6380", "true"]
    spec = program.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]
    assert [each["secret"]["secretName"] for each in spec["volumes"] if each["name"] == "redis-ca"] == ["redis-ca"]
    assert program.find("Secret", "redis-password"), "the password comes from the file all the same"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"secret_name": "by-hand"}, "redis: give either password_file or secret_name"),
        ({"password_file": None}, "redis: give either password_file or secret_name"),
        (
            {"external": {"host": "redis.web4.io"}},
            "redis: tls is for the stack's own Redis; for another, external.tls and external.ca_secret_name",
        ),
        (
            {"tls": {"ca_file": None}},
            "redis.tls: give either certificate_file, private_key_file and ca_file, or secret_name",
        ),
    ],
)
def test_a_contradiction_is_named(config: dict[str, Any], change: dict[str, Any], line: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"redis": change}))
    assert str(caught.value) == f"web4-identity:{line}"


def test_stack_locals_password_and_certificate_are_made_once(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "STATE", tmp_path)
    monkeypatch.setattr(credentials, "REDIS_PASSWORD", Password(tmp_path / "redis-password"))
    made = credentials.redis_access()
    content = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert credentials.redis_access() == made
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == content
    assert len(content["redis-password"]) == 64
    assert [path for path in tmp_path.iterdir() if path.suffix != ".crt" and path.stat().st_mode & 0o077] == []
    build_settings({**config, "redis": made})


def test_stack_locals_database_password_is_made_once(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "STATE", tmp_path)
    monkeypatch.setattr(credentials, "DATABASE_PASSWORD", Password(tmp_path / "database-password"))
    made = credentials.database_access()
    content = (tmp_path / "database-password").read_bytes()
    assert (credentials.database_access(), (tmp_path / "database-password").read_bytes()) == (made, content)
    assert len(content) == 64 and (tmp_path / "database-password").stat().st_mode & 0o077 == 0
    build_settings({**config, "database": made})


def test_an_empty_password_is_refused(config: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(pulumi.RunError, match=r"web4-identity:redis: no password in .*/empty"):
        build_settings(overlay(config, {"redis": {"password_file": str(tmp_path / "empty")}}))
