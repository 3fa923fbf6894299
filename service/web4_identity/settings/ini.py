"""The guide's INI file as a source of settings."""

import configparser
import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

CONFIG_PATH_VARIABLE = "WEB4_IDENTITY_CONFIG"
DEFAULT_CONFIG_PATH = Path("/etc/web4/identity_service.conf")

# Guide, Configuration File: (section, key) -> the environment variable of the same meaning.
KEYS = {
    ("service", "host"): "WEB4_IDENTITY_HOST",
    ("service", "port"): "WEB4_IDENTITY_PORT",
    ("security", "test_mode"): "WEB4_TEST_MODE",
    ("security", "rate_limit_per_ip"): "RATE_LIMIT_MAX_REQUESTS_PER_IP",
    ("security", "rate_limit_window"): "RATE_LIMIT_WINDOW_SECONDS",
    ("security", "max_witness_count"): "MAX_WITNESS_COUNT",
    ("security", "max_identifier_length"): "MAX_IDENTIFIER_LENGTH",
    ("atp", "mint_base_cost"): "ATP_MINT_BASE_COST",
    ("atp", "mint_scale_factor"): "ATP_MINT_SCALE_FACTOR",
    ("atp", "initial_grant"): "INITIAL_ATP_GRANT",
    ("witness", "min_reputation"): "MIN_WITNESS_REPUTATION",
    ("witness", "min_age_days"): "MIN_WITNESS_AGE_DAYS",
    ("witness", "min_actions"): "MIN_WITNESS_ACTIONS",
}


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds one readable line each, without any secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def config_path() -> Path | None:
    """The INI file to read: WEB4_IDENTITY_CONFIG, else the guide's path when a file is there, else none."""
    named = os.environ.get(CONFIG_PATH_VARIABLE)
    if named:
        return Path(named)
    return DEFAULT_CONFIG_PATH if DEFAULT_CONFIG_PATH.exists() else None


def read_ini(path: Path) -> dict[str, str]:
    """Read the file and give {environment variable name: text}.

    Raises ConfigError when it cannot be read or parsed, or has a section or key the guide does not have: a misspelt
    limit must not silently leave its default in force.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigError([f"{CONFIG_PATH_VARIABLE} must name a readable INI file: {path}: {reason}"]) from None
    except configparser.Error as error:
        raise ConfigError([f"{path}: {' '.join(str(error).split())}"]) from None
    found = {(section, key): value for section in parser.sections() for key, value in parser[section].items()}
    allowed = ", ".join(f"[{section}] {key}" for section, key in KEYS)
    unknown = [f"{path}: [{s}] {k} is not a setting; allowed: {allowed}" for s, k in found if (s, k) not in KEYS]
    if unknown:
        raise ConfigError(unknown)
    return {KEYS[place]: value for place, value in found.items() if value.strip()}


class IniSource(PydanticBaseSettingsSource):
    """Gives pydantic-settings the INI file's values under their environment names."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        path = config_path()
        self._values = read_ini(path) if path else {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Look up one field: (text or None, environment name, False because no value is JSON)."""
        name = str(field.validation_alias)
        return self._values.get(name), name, False

    def __call__(self) -> dict[str, Any]:
        """All the values of the file."""
        return dict(self._values)
