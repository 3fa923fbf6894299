"""Settings: precedence, the guide's INI file, and messages that name the variable and hide secrets."""

from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner
from web4_identity.cli import app
from web4_identity.settings import ConfigError, load_settings
from web4_identity.settings.ini import KEYS, read_ini

pytestmark = pytest.mark.unit

SERVICE = Path(__file__).parents[2] / "service"
URL = "postgresql://owner:s3cr3t-word@db.example:5432/web4"


@pytest.fixture(autouse=True)
def database_url(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", URL)


def ini(monkeypatch, tmp_path, text):
    path = tmp_path / "identity_service.conf"
    path.write_text(text)
    monkeypatch.setenv("WEB4_IDENTITY_CONFIG", str(path))


def problems():
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return caught.value.problems


def test_defaults_are_the_guides():
    settings = load_settings()
    assert (settings.host, settings.port, settings.test_mode) == ("0.0.0.0", 8001, False)
    assert (settings.rate_limit_requests, settings.rate_limit_window) == (20, 60)
    assert (settings.max_witness_count, settings.max_identifier_length, settings.max_witness_id_length) == (
        10,
        512,
        256,
    )
    assert (settings.mint_base_cost, settings.mint_scale_factor) == (100, Fraction(3, 2))
    assert settings.initial_grant == 10000
    assert (settings.min_witness_age_days, settings.min_witness_actions) == (30, 50)
    assert str(settings.min_witness_reputation) == "0.4"
    assert (settings.redis_host, settings.redis_port, settings.redis_db) == ("localhost", 6379, 0)
    assert (settings.trusted_proxies, settings.public_authorities) == ((), ())
    assert (settings.rate_limit_payer_requests, settings.signature_clock_skew) == (20, 5)
    assert settings.binding_clock_skew == 300


def test_environment_wins_over_the_file_and_the_file_over_defaults(monkeypatch, tmp_path):
    ini(monkeypatch, tmp_path, "[service]\nport = 9001\nhost = 127.0.0.1\n[atp]\nmint_scale_factor = 1.25\n")
    monkeypatch.setenv("WEB4_IDENTITY_PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.host, settings.mint_scale_factor) == (9002, "127.0.0.1", Fraction(5, 4))
    assert settings.mint_base_cost == 100


def test_the_example_file_is_accepted_and_complete(monkeypatch):
    path = SERVICE / "identity_service.conf.example"
    assert set(read_ini(path)) == set(KEYS.values())
    monkeypatch.setenv("WEB4_IDENTITY_CONFIG", str(path))
    assert load_settings().rate_limit_requests == 20


def test_the_example_environment_is_accepted(monkeypatch):
    for line in (SERVICE / "identity_service.env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            name, value = line.split("=", 1)
            monkeypatch.setenv(name, value.strip('"'))
    settings = load_settings()
    assert str(settings.trusted_proxies[0]) == "127.0.0.1/32"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("WEB4_IDENTITY_PORT", "70000", "1 to 65535"),
        ("WEB4_IDENTITY_PORT", "tcp://10.0.0.1:8001", "1 to 65535"),
        ("WEB4_TEST_MODE", "maybe", "true or false"),
        ("RATE_LIMIT_MAX_REQUESTS_PER_IP", "0", "1 to 100000"),
        ("RATE_LIMIT_WINDOW_SECONDS", "-1", "1 to 86400"),
        ("RATE_LIMIT_MAX_REQUESTS_PER_PAYER", "0", "1 to 100000"),
        ("SIGNATURE_CLOCK_SKEW_SECONDS", "31", "0 to 30"),
        ("BINDING_CLOCK_SKEW_SECONDS", "0", "1 to 3600"),
        ("MAX_WITNESS_COUNT", "2", "3 to 100"),
        ("ATP_MINT_SCALE_FACTOR", "1e3", "at most four decimals"),
        ("INITIAL_ATP_GRANT", "1.5", "whole number"),
        ("MIN_WITNESS_REPUTATION", "1.1", "0 to 1"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "networks"),
        ("PUBLIC_AUTHORITIES", "https://id.example.com", "hosts"),
        ("PUBLIC_AUTHORITIES", "id.example.com/v1", "hosts"),
        ("DB_POOL_SIZE", "0", "1 to 100"),
        ("DATABASE_URL", "mysql://u:s3cr3t-word@h/d", "postgresql://"),
        ("DATABASE_URL", "s3cr3t-word", "postgresql://"),
    ],
)
def test_a_bad_value_is_one_line_with_name_and_allowed_values(monkeypatch, name, value, allowed):
    monkeypatch.setenv(name, value)
    (line,) = problems()
    assert line.startswith(name + " ") and allowed in line and "\n" not in line
    assert "s3cr3t" not in line


def test_every_problem_is_named(monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("REDIS_PORT", "x")
    monkeypatch.setenv("REDIS_DB", "y")
    assert [line.split()[0] for line in problems()] == ["REDIS_PORT", "REDIS_DB", "DATABASE_URL"]


def test_a_misspelt_key_in_the_file_is_refused(monkeypatch, tmp_path):
    ini(monkeypatch, tmp_path, "[security]\nrate_limit = 5\n")
    (line,) = problems()
    assert "[security] rate_limit is not a setting" in line and "rate_limit_per_ip" in line


def test_a_broken_or_missing_file_is_named(monkeypatch, tmp_path):
    ini(monkeypatch, tmp_path, "port = 1\n")
    assert "identity_service.conf" in problems()[0]
    monkeypatch.setenv("WEB4_IDENTITY_CONFIG", str(tmp_path / "absent"))
    assert problems()[0].startswith("WEB4_IDENTITY_CONFIG must name a readable INI file")


def test_settings_are_frozen_and_print_no_secret(monkeypatch):
    monkeypatch.setenv("REDIS_PASSWORD", "s3cr3t-too")
    settings = load_settings()
    assert "s3cr3t" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.database_url.get_secret_value() == URL
    with pytest.raises(ValidationError):
        settings.port = 1


def test_check_config_shows_values_and_hides_secrets():
    result = CliRunner().invoke(app, ["check-config"])
    assert result.exit_code == 0
    assert "WEB4_IDENTITY_PORT=8001" in result.stdout and "ATP_MINT_SCALE_FACTOR=1.5" in result.stdout
    assert "DATABASE_URL=(set)" in result.stdout and "s3cr3t" not in result.stdout


@pytest.mark.parametrize("command", [["serve"], ["check-config"], ["migrate"], ["ledger", "verify"]])
def test_commands_exit_2_without_traceback_on_bad_settings(monkeypatch, command):
    monkeypatch.setenv("WEB4_IDENTITY_PORT", "none")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert result.stderr == "web4-identity: WEB4_IDENTITY_PORT must be a whole number from 1 to 65535; got 'none'\n"
