"""From Pulumi's configuration to checked `Settings`, or to one clear line for every mistake."""

import json
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import BaseModel, ValidationError

from infra.contradictions import contradictions
from infra.environments import DEFAULTS, overlay
from infra.production import refusals
from infra.settings import Settings

NAMESPACE = "web4-identity"


def load_settings() -> Settings:
    """The running stack's settings; raises pulumi.RunError, which Pulumi prints without a traceback."""
    every_key = {**get_config_env(), **CONFIG.get()}
    own = (key.removeprefix(f"{NAMESPACE}:") for key in every_key if key.startswith(f"{NAMESPACE}:"))
    return build_settings({name: _parse(every_key[f"{NAMESPACE}:{name}"]) for name in own})


def build_settings(values: Mapping[str, Any]) -> Settings:
    """Checked settings from plain values; raises pulumi.RunError with one line a mistake, each naming its key."""
    environment = values.get("environment")
    known = isinstance(environment, str) and environment in DEFAULTS
    lines = [] if known else [f"{NAMESPACE}:environment: got {environment!r}, want one of {', '.join(DEFAULTS)}"]
    try:
        settings = Settings.model_validate(overlay(DEFAULTS[str(environment)] if known else {}, dict(values)))
        found = [*contradictions(settings), *(refusals(settings) if environment == "prod" else ())]
        lines += [f"{NAMESPACE}:{each}" for each in found]
    except ValidationError as error:
        problems = [each for each in error.errors() if each["loc"] != ("environment",)]
        # Without its defaults, a key that an environment sets would seem to be missing.
        lines += [
            _line(each["type"], each["loc"], each["msg"]) for each in problems if known or each["type"] != "missing"
        ]
    if lines:
        raise pulumi.RunError("\n".join(map(_printable, lines)))
    return settings


def _parse(raw: str) -> Any:
    """A structured key arrives as JSON text, a plain one as it was written."""
    try:
        return json.loads(raw) if raw.startswith(("{", "[")) else raw
    except (ValueError, RecursionError):  # no JSON, a number of 5000 digits, a thousand brackets
        return raw  # plain text after all, which the settings refuse by the key's name


def _line(kind: str, location: tuple[int | str, ...], message: str) -> str:
    key = f"{NAMESPACE}:{'.'.join(str(part) for part in location)}"
    if kind == "extra_forbidden":
        return f"{key}: unknown key; allowed here: {', '.join(_allowed(location[:-1]))}"
    if kind == "missing":
        return f"{key}: required, and not set"
    return f"{key}: {message.removeprefix('Value error, ')}"


def _allowed(section: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    parts = iter(section)
    for part in parts:
        kind = model.model_fields[str(part)].annotation
        if get_origin(kind) is dict:
            next(parts)  # the key of a table, such as an alert's name
        kinds = (kind, *get_args(kind))
        model = next(each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel))
    return sorted(model.model_fields)


def _printable(line: str) -> str:
    """`line` as one line for a terminal: what the user gave may have any character in it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
