"""The guide's INI file as a source of settings."""

import configparser
import os
from pathlib import Path

from web4_identity.settings.given import Given

CONFIG_PATH_VARIABLE = "WEB4_IDENTITY_CONFIG"
CONFIG_FLAG = "--config"
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


def from_file(flag: Path | None) -> tuple[dict[str, Given], list[str]]:
    """What the INI file gives, by environment name, and what is wrong with it.

    The file is the one `flag` names, else WEB4_IDENTITY_CONFIG, else the guide's path when a file is there, else none.
    """
    named = os.environ.get(CONFIG_PATH_VARIABLE)
    if flag is not None:
        return read_ini(flag, CONFIG_FLAG)
    if named:
        return read_ini(Path(named), f"{CONFIG_PATH_VARIABLE} in the environment")
    return read_ini(DEFAULT_CONFIG_PATH, "the file") if DEFAULT_CONFIG_PATH.exists() else ({}, [])


def read_ini(path: Path, named_by: str) -> tuple[dict[str, Given], list[str]]:
    """Read one file; `named_by` begins the message when it cannot be read.

    A section or key the guide does not have is a problem: a misspelt limit must not silently leave its default in
    force.
    """
    # Without this the section [DEFAULT] would be read as part of every other, and alone not at all.
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        return {}, [f"{named_by} must name a readable INI file: {path}: {reason}"]
    except configparser.Error as error:
        return {}, [f"{path}: {' '.join(str(error).split())}"]
    problems = [problem for section in parser.sections() for problem in _unknown(path, section, list(parser[section]))]
    given = {
        name: Given(text, f"{path} [{section}] {key}", f"{path}: [{section}] {key}")
        for (section, key), name in KEYS.items()
        if (text := parser.get(section, key, fallback="").strip())
    }
    return given, problems


def _unknown(path: Path, section: str, keys: list[str]) -> list[str]:
    known = [key for place, key in KEYS if place == section]
    if not known:
        sections = ", ".join(dict.fromkeys(f"[{place}]" for place, _ in KEYS))
        return [f"{path}: [{section}] is not a section; allowed: {sections}"]
    allowed = ", ".join(known)
    return [f"{path}: [{section}] {key} is not a setting; allowed there: {allowed}" for key in keys if key not in known]
