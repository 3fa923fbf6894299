"""Settings: precedence, the guide's INI file, and messages that name the variable and hide secrets."""

from fractions import Fraction
from pathlib import Path

import pytest
from given_settings import URL, ini_file
from pydantic import ValidationError
from web4_identity.settings import ConfigError, Settings, load_settings
from web4_identity.settings.contradictions import contradictions
from web4_identity.settings.given import Given
from web4_identity.settings.ini import KEYS, read_ini
from web4_identity.settings.load import load
from web4_identity.settings.model import DEFAULT_DATABASE

pytestmark = pytest.mark.unit

SERVICE = Path(__file__).parents[2] / "service"


@pytest.fixture(autouse=True)
def database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)


def problems() -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return caught.value.problems


def test_defaults_are_the_guides() -> None:
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


def test_environment_wins_over_the_file_and_the_file_over_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ini_file(monkeypatch, tmp_path, "[service]\nport = 9001\nhost = 127.0.0.1\n[atp]\nmint_scale_factor = 1.25\n")
    monkeypatch.setenv("WEB4_IDENTITY_PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.host, settings.mint_scale_factor) == (9002, "127.0.0.1", Fraction(5, 4))
    assert settings.mint_base_cost == 100


def test_the_example_file_is_accepted_and_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    path = SERVICE / "identity_service.conf.example"
    given, found = read_ini(path, "the file")
    assert (set(given), found) == (set(KEYS.values()), [])
    monkeypatch.setenv("WEB4_IDENTITY_CONFIG", str(path))
    assert load_settings().rate_limit_requests == 20


def example(monkeypatch: pytest.MonkeyPatch, name: str) -> Settings:
    for line in (SERVICE / name).read_text().splitlines():
        if line and not line.startswith("#"):
            variable, value = line.split("=", 1)
            monkeypatch.setenv(variable, value.strip('"'))
    return load_settings()


def test_the_example_environment_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = example(monkeypatch, "identity_service.env.example")
    assert str(settings.trusted_proxies[0]) == "127.0.0.1/32"


def test_the_example_of_a_service_on_its_own_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web4_identity.settings.parsers.os.access", lambda path, mode: True)
    settings = example(monkeypatch, "identity_service.standalone.env.example")
    assert settings.database_url.get_secret_value() == DEFAULT_DATABASE


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("WEB4_IDENTITY_PORT", "70000", "1 to 65535"),
        ("WEB4_IDENTITY_PORT", "tcp://10.0.0.1:8001", "1 to 65535"),
        ("WEB4_ENVIRONMENT", "prod", "development, staging or production"),
        ("SHUTDOWN_DRAIN_SECONDS", "61", "0 to 60"),
        ("MAX_CONNECTIONS", "0", "1 to 100000"),
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
        ("DATABASE_URL", "sqlite://", "sqlite:////FOLDER/FILE.db"),
        ("DATABASE_URL", "sqlite:///:memory:", "sqlite:////FOLDER/FILE.db"),
        ("DATABASE_URL", "sqlite:////tmp", "sqlite:////FOLDER/FILE.db"),
        ("DATABASE_URL", "sqlite:////tmp/x.db?s3cr3t=1", "sqlite:////FOLDER/FILE.db"),
        ("DATABASE_URL", "sqlite://host/tmp/x.db", "sqlite:////FOLDER/FILE.db"),
        ("DATABASE_URL", "sqlite+aiosqlite:////tmp/x.db", "sqlite:////FOLDER/FILE.db"),
        ("DATABASE_URL", "sqlite:////no/such/folder/x.db", "the folder is there"),
        ("DATABASE_URL", "sqlite:////dev/null/x.db", "the folder is there"),
    ],
)
def test_a_bad_value_is_one_line_with_name_and_allowed_values(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(name, value)
    (line,) = problems()
    assert line.startswith(name + " ") and allowed in line and "\n" not in line
    assert "s3cr3t" not in line


def test_every_problem_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "x")
    monkeypatch.setenv("REDIS_PORT", "x")
    monkeypatch.setenv("REDIS_DB", "y")
    assert [line.split()[0] for line in problems()] == ["REDIS_PORT", "REDIS_DB", "DATABASE_URL"]


def test_without_database_url_it_is_a_file_in_the_guides_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setattr("web4_identity.settings.parsers.os.access", lambda path, mode: False)
    (line,) = problems()
    assert (
        line.startswith("DATABASE_URL is required: ")
        and "(not set, it is sqlite:////opt/web4/data/identity.db)" in line
    )
    monkeypatch.setattr("web4_identity.settings.parsers.os.access", lambda path, mode: True)
    assert load_settings().database_url.get_secret_value() == DEFAULT_DATABASE == "sqlite:////opt/web4/data/identity.db"


def test_a_database_file_may_be_there_or_not_and_the_path_relative(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///identity.db", f"sqlite:///{tmp_path}/identity.db"):
        monkeypatch.setenv("DATABASE_URL", url)
        assert load_settings().database_url.get_secret_value() == url
        (tmp_path / "identity.db").touch()


def test_a_database_file_that_is_not_writable_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Root may write anywhere, so that a mode would show nothing.
    path = tmp_path / "identity.db"
    path.touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setattr("web4_identity.settings.parsers.os.access", lambda asked, mode: asked != path)
    (line,) = problems()
    assert line.startswith("DATABASE_URL in the environment must be ")


def test_all_problems_of_all_places_are_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = ini_file(
        monkeypatch, tmp_path, "[service]\nport = x\nprt = 1\n[atp]\n[secrity]\nrate = 1\n[DEFAULT]\nhost = h\n"
    )
    monkeypatch.setenv("REDIS_PORT", "y")
    monkeypatch.setenv("WEB4_ENVIRONMENT", "production")
    monkeypatch.setenv("WEB4_TEST_MODE", "true")
    sections = "[service], [security], [atp], [witness]"
    with pytest.raises(ConfigError) as caught:
        load({"REDIS_DB": Given("z", "flag --redis-db", "--redis-db")})
    assert caught.value.problems == [
        f"{path}: [service] prt is not a setting; allowed there: host, port",
        f"{path}: [secrity] is not a section; allowed: {sections}",
        f"{path}: [DEFAULT] is not a section; allowed: {sections}",
        f"{path}: [service] port must be a whole number from 1 to 65535; got 'x'",
        "REDIS_PORT in the environment must be a whole number from 1 to 65535; got 'y'",
        "--redis-db must be a whole number, 0 or more; got 'z'",
        "WEB4_TEST_MODE in the environment must be false where WEB4_ENVIRONMENT is production: it publishes the API "
        "description",
    ]


def test_production_wants_its_own_database_and_no_test_mode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = ini_file(monkeypatch, tmp_path, "[security]\ntest_mode = true\n")
    settings = load_settings(WEB4_ENVIRONMENT="production", WEB4_TEST_MODE="false")
    assert (settings.environment, contradictions(settings, {"DATABASE_URL": Given(URL, "", "")})) == ("production", [])
    (line,) = contradictions(settings, {})
    assert line.startswith("DATABASE_URL must be set where WEB4_ENVIRONMENT is production")
    monkeypatch.setenv("WEB4_ENVIRONMENT", "production")
    (line,) = problems()
    assert line.startswith(f"{path}: [security] test_mode must be false where WEB4_ENVIRONMENT is production")
    monkeypatch.delenv("DATABASE_URL")
    assert [line.split()[0] for line in problems()][-2:] == [f"{path}:", "DATABASE_URL"]


def test_a_wrong_value_that_another_place_overrides_is_no_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ini_file(monkeypatch, tmp_path, "[service]\nport = x\n")
    monkeypatch.setenv("WEB4_IDENTITY_PORT", "9002")
    assert load_settings().port == 9002


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ini_file(monkeypatch, tmp_path, "[service]\nport = 9001\nhost =\n")
    monkeypatch.setenv("WEB4_IDENTITY_PORT", "")
    monkeypatch.setenv("REDIS_PASSWORD", "")
    settings = load_settings()
    assert (settings.port, settings.host, settings.redis_password) == (9001, "0.0.0.0", None)


@pytest.mark.parametrize(
    ("name", "value", "warning"),
    [
        ("WEB4_TESTMODE", "true", "did you mean WEB4_TEST_MODE?"),
        ("WEB4_IDENTIY_PORT", "8001", "did you mean WEB4_IDENTITY_PORT?"),
        ("RATE_LIMIT_EVERYTHING_AT_ONCE", "1", "is not a setting and has no effect"),
        ("MIN_WITNESS_AGE", "1", "did you mean MIN_WITNESS_AGE_DAYS?"),
        # What a Service beside the pod, or a Docker link, puts into the environment.
        ("WEB4_IDENTITY_SERVICE_SERVICE_HOST", "10.0.0.1", None),
        ("WEB4_IDENTITY_SERVICE_SERVICE_PORT_HTTP", "80", None),
        ("WEB4_IDENTITY_SERVICE_PORT", "tcp://10.0.0.1:80", None),
        ("WEB4_IDENTITY_SERVICE_PORT_80_TCP_ADDR", "10.0.0.1", None),
        ("WEB4_CACHE", "/cache", None),
        ("PATH_OF_ANOTHER_PROGRAM", "1", None),
    ],
)
def test_a_variable_that_looks_like_a_setting_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, warning: str
) -> None:
    monkeypatch.setenv(name, value)
    found = load({}).warnings
    assert found == [] if warning is None else (len(found) == 1 and found[0].startswith(name) and warning in found[0])


def test_a_broken_or_missing_file_is_named_beside_the_other_problems(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDIS_PORT", "x")
    path = ini_file(monkeypatch, tmp_path, "port = 1\n")
    broken, port = problems()
    assert broken.startswith(f"{path}: ") and port.startswith("REDIS_PORT ")
    monkeypatch.setenv("WEB4_IDENTITY_CONFIG", str(tmp_path / "absent"))
    assert problems()[0].startswith("WEB4_IDENTITY_CONFIG in the environment must name a readable INI file")


def test_settings_are_frozen_and_print_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "s3cr3t-too")
    settings = load_settings()
    assert "s3cr3t" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.database_url.get_secret_value() == URL
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # that it is read-only is what is tested
