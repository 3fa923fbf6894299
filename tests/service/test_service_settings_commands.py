"""Settings on the command line: flags, `check-config`, and how each command says that one is wrong."""

import json
from pathlib import Path

import pytest
from given_settings import URL, ini_file
from typer.testing import CliRunner, Result
from web4_identity.cli import app
from web4_identity.settings.fields import FIELDS

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)


def check_config(*flags: object) -> Result:
    return CliRunner().invoke(app, ["check-config", *map(str, flags)])


def test_check_config_shows_each_value_with_its_place_and_hides_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = ini_file(
        monkeypatch, tmp_path, "[service]\nport = 9001\nhost = 127.0.0.1\n[atp]\nmint_scale_factor = 999.1234\n"
    )
    monkeypatch.setenv("WEB4_IDENTITY_HOST", "10.0.0.1")
    monkeypatch.setenv("RATE_LIMIT_MAX_REQUESTS_PER_IP", "5")
    monkeypatch.setenv("REDIS_PASSWORD", "s3cr3t-too")
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")
    result = check_config("--rate-limit-max-requests-per-ip", 7, "--redis-tls", "true")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(FIELDS)
    shown = {tuple(line.split(None, 2)) for line in lines}
    assert {
        ("WEB4_IDENTITY_HOST", "10.0.0.1", "environment"),
        ("WEB4_IDENTITY_PORT", "9001", f"{path} [service] port"),
        ("ATP_MINT_SCALE_FACTOR", "999.1234", f"{path} [atp] mint_scale_factor"),
        ("RATE_LIMIT_MAX_REQUESTS_PER_IP", "7", "flag --rate-limit-max-requests-per-ip"),
        ("REDIS_TLS", "true", "flag --redis-tls"),
        ("REDIS_PORT", "6379", "default"),
        ("DATABASE_URL", "(hidden)", "environment"),
        ("REDIS_PASSWORD", "(hidden)", "environment"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,::1/128", "environment"),
    } <= shown
    # The columns begin at the same place in every line.
    places = ("environment", "default", "flag ", str(path))
    assert len({line.rindex(next(p for p in places if p in line)) for line in lines}) == 1
    document = json.loads(check_config("--json").stdout)
    assert list(document) == list(FIELDS)
    assert document["WEB4_IDENTITY_PORT"] == {"value": "9001", "source": f"{path} [service] port"}
    assert "s3cr3t" not in result.stdout + json.dumps(document)


def test_a_flag_wins_over_the_variable_and_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ini_file(monkeypatch, tmp_path, "[service]\nport = 9001\n")
    other = tmp_path / "other.conf"
    other.write_text("[service]\nport = 9002\n")
    shown = [line.split(None, 2) for line in check_config("--config", other).stdout.splitlines()]
    assert ["WEB4_IDENTITY_PORT", "9002", f"{other} [service] port"] in shown
    result = check_config("--config", tmp_path / "absent")
    assert result.exit_code == 2
    assert result.stderr.startswith("web4-identity: --config must name a readable INI file: ")


@pytest.mark.parametrize("command", [["serve"], ["check-config"], ["migrate"], ["ledger", "verify"]])
def test_commands_exit_2_without_traceback_on_bad_settings(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setenv("WEB4_IDENTITY_PORT", "none")
    monkeypatch.setenv("REDIS_TLS", "perhaps")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert result.stderr == (
        "web4-identity: WEB4_IDENTITY_PORT in the environment must be a whole number from 1 to 65535; got 'none'\n"
        "web4-identity: REDIS_TLS in the environment must be true or false; got 'perhaps'\n"
    )


@pytest.mark.parametrize("command", ["serve", "check-config"])
def test_every_setting_but_the_secrets_has_a_flag_with_its_meaning_and_default(command: str) -> None:
    text = " ".join(CliRunner().invoke(app, [command, "--help"]).stdout.split())
    secrets = {"DATABASE_URL", "DATABASE_OTHER_PASSWORD", "REDIS_PASSWORD"}
    for name, field in FIELDS.items():
        flag = "--" + name.lower().replace("_", "-")
        assert field.description
        described = f"{flag} VALUE {field.description[0].upper()}{field.description[1:]}; default "
        assert (described in text) == (name not in secrets), name
    assert "REDIS_PASSWORD, DATABASE_URL, DATABASE_OTHER_PASSWORD have no flag" in text
    for heading in ("Process:", "Security:", "ATP:", "Witnesses:", "Redis:", "Database:", "--config FILE"):
        assert heading in text


def test_a_secret_as_a_flag_is_refused_and_a_bad_flag_is_named() -> None:
    assert check_config("--database-url", URL).exit_code == 2
    result = check_config("--web4-identity-port", 0)
    assert (result.exit_code, result.stderr) == (
        2,
        "web4-identity: --web4-identity-port must be a whole number from 1 to 65535; got '0'\n",
    )


def test_a_warning_does_not_stop_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB4_TESTMODE", "true")
    result = check_config()
    assert (result.exit_code, result.stderr) == (
        0,
        "web4-identity: warning: WEB4_TESTMODE in the environment is not a setting and has no effect; did you mean "
        "WEB4_TEST_MODE?\n",
    )
