"""What the settings model says about its fields, for whoever shows settings."""

from fractions import Fraction
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from web4_identity.settings.model import Settings

FIELDS: dict[str, FieldInfo] = {str(field.validation_alias): field for field in Settings.model_fields.values()}
"""Every setting by its environment name, in the model's order."""

NAMES = {name: str(field.validation_alias) for name, field in Settings.model_fields.items()}
"""The environment name of every field of the model."""


def is_secret(field: FieldInfo) -> bool:
    """Whether the field's value must never be shown."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def groups() -> dict[str, str]:
    """The group of every setting by its environment name: the one it names, else that of the setting above it."""
    found, group = {}, ""
    for name, field in FIELDS.items():
        if isinstance(field.json_schema_extra, dict):
            group = str(field.json_schema_extra["group"])
        found[name] = group
    return found


def text_of(value: object) -> str:
    """One value as it would be written in the environment; a secret as "(hidden)", nothing as "(not set)"."""
    if isinstance(value, SecretStr):
        return "(hidden)"
    if value is None or value == ():
        return "(not set)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        # The exact fraction prints as 3/2; the operator wrote 1.5.
        return f"{float(value):.8g}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)
