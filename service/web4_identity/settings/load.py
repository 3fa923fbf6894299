"""Load the settings, or say in one line per problem what is wrong."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from web4_identity.settings.contradictions import contradictions
from web4_identity.settings.fields import FIELDS, NAMES, is_secret, text_of
from web4_identity.settings.given import Given, from_arguments, from_environment
from web4_identity.settings.ini import from_file
from web4_identity.settings.model import Settings
from web4_identity.settings.strays import stray_variables


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds one readable line each, without any secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Loaded:
    """The settings, where each that is no default was written, and lines about what may be a mistake."""

    settings: Settings
    places: dict[str, str]
    warnings: list[str]


@dataclass(frozen=True)
class Row:
    """One effective setting, fit to be shown: a secret only as hidden or not set."""

    name: str
    value: str
    source: str


def load_settings(**arguments: str) -> Settings:
    """Read environment and INI file; `arguments` (by environment name) win over both. Raises as `load` does."""
    return load(from_arguments(arguments)).settings


def load(first: Mapping[str, Given], config: Path | None = None) -> Loaded:
    """Put the places together: `first`, then the environment, the INI file (`config` or as configured), defaults.

    Raises ConfigError with one line for every problem in any of them, naming the place and what is allowed; no value
    of a secret is ever quoted.
    """
    in_file, problems = from_file(config)
    given = {**in_file, **from_environment(FIELDS), **first}
    texts = {name: each.text for name, each in given.items()}
    try:
        settings = Settings.model_validate(texts)
    except ValidationError as error:
        problems += [_line(problem, given) for problem in error.errors()]
        problems += contradictions(_sound(texts), given)
        raise ConfigError(problems) from None
    problems += contradictions(settings, given)
    if problems:
        raise ConfigError(problems)
    return Loaded(settings, {name: each.place for name, each in given.items()}, stray_variables(FIELDS))


def describe(loaded: Loaded) -> list[Row]:
    """Every effective setting in the model's order."""
    return [
        Row(name, text_of(value), loaded.places[name])
        if name in loaded.places
        # In this source for all to read, so that even the default of a secret is none.
        else Row(name, text_of(value.get_secret_value() if isinstance(value, SecretStr) else value), "default")
        for name, value in zip(FIELDS, dict(loaded.settings).values(), strict=True)
    ]


def _sound(texts: Mapping[str, str]) -> Settings:
    """The settings with the default for each that is wrong: what contradicts must not wait until the rest is right."""
    values = {}
    for name in FIELDS.keys() & texts.keys():
        with suppress(ValidationError):
            values[name] = TypeAdapter(FIELDS[name].rebuild_annotation()).validate_python(texts[name])
    return Settings.model_construct(**values)


def _line(problem: ErrorDetails, given: Mapping[str, Given]) -> str:
    place = str(problem["loc"][0])
    # A default that cannot be used is reported under the field's own name.
    name = NAMES.get(place, place)
    field = FIELDS.get(name)
    if field is None:
        return f"{name} is not a setting"
    if name not in given:
        return f"{name} is required: {field.description}"
    got = "" if is_secret(field) else f"; got {given[name].text[:80]!r}"
    return f"{given[name].subject} must be {field.description}{got}"
