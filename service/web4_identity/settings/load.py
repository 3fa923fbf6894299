"""Load the settings, or say in one line per problem what is wrong."""

from pydantic import SecretStr, ValidationError

from web4_identity.settings.ini import ConfigError
from web4_identity.settings.model import Settings

_FIELDS = {str(field.validation_alias): field for field in Settings.model_fields.values()}


def load_settings(**overrides: object) -> Settings:
    """Read environment and INI file; `overrides` (by environment name) win over both.

    Raises ConfigError with one line per problem, naming the variable and what is allowed; no value of a secret is
    ever quoted.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigError([_line(problem) for problem in error.errors()]) from None


def describe(settings: Settings) -> list[str]:
    """The effective settings as NAME=value lines, a secret shown only as set or not set."""
    lines = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = "(set)"
        elif value is None:
            value = "(not set)"
        elif name == "mint_scale_factor":
            # The exact fraction prints as 3/2; the operator wrote 1.5.
            value = f"{float(value):g}"
        elif isinstance(value, tuple):
            value = ",".join(map(str, value))
        lines.append(f"{field.validation_alias}={value}")
    return lines


def _line(problem: dict) -> str:
    name = str(problem["loc"][0])
    field = _FIELDS.get(name)
    if field is None:
        return f"{name} is not a setting"
    if problem["type"] == "missing":
        return f"{name} is required: {field.description}"
    return f"{name} must be {field.description}{_got(name, problem)}"


def _got(name: str, problem: dict) -> str:
    if name in ("DATABASE_URL", "REDIS_PASSWORD"):
        return ""
    return f"; got {str(problem['input'])[:80]!r}"
