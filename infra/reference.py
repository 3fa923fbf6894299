"""Writes docs/configuration.md from the settings themselves: `python -m infra.reference`, or `make docs`."""

import inspect
from collections.abc import Iterator
from functools import reduce
from typing import Any, get_args

from pydantic_core import PydanticUndefined

from infra.environments import DEFAULTS
from infra.frozen import Frozen
from infra.settings import Settings
from infra.settings.kinds import PROJECT_ROOT

FILE = PROJECT_ROOT / "docs" / "configuration.md"

_HEAD = f"""# Configuration of a stack

Written by `make docs` from `infra/settings/` and `infra/environments.py`: change those, not this file.

Each `##` is one key of the namespace `web4-identity` in `Pulumi.<stack>.yaml`; what is below it is its value. What a
stack leaves out is what its environment says ({", ".join(f"`{name}`" for name in DEFAULTS)}), else the default;
an empty cell says nothing. What `prod` refuses is in [infra/production.py](../infra/production.py).
"""


def render() -> str:
    """The whole page, Markdown."""
    return "\n".join([_HEAD, *_section(Settings, ())])


def _section(model: type[Frozen], path: tuple[str, ...]) -> Iterator[str]:
    """A table of the model's own fields, then each section below it."""
    sections = {name: found for name, field in model.model_fields.items() if (found := _model(field.annotation))}
    schema = model.model_json_schema()
    if path:
        yield f"##{'#' * (len(path) - 1)} {'.'.join(path)}\n\n{inspect.getdoc(model)}\n"
    yield f"| key | meaning | values | default | {' | '.join(DEFAULTS)} |"
    yield "|---" * (4 + len(DEFAULTS)) + "|"
    for name, field in model.model_fields.items():
        if name in sections and get_args(field.annotation) == ():
            continue  # a section that is always there has nothing to say but its fields
        meaning = " ".join((field.description or "").split())
        values = "a section" if name in sections else _values(schema["properties"][name])
        required = field.default is PydanticUndefined
        default = "**required**" if required else _shown(field.default)
        environments = [_shown(_at(defaults, (*path, name))) for defaults in DEFAULTS.values()]
        yield f"| {name} | {meaning} | {values} | {default} | {' | '.join(environments)} |"
    yield ""
    for name, section in sections.items():
        yield from _section(section, (*path, name))


def _model(annotation: Any) -> type[Frozen] | None:
    """The section that a field holds, if it holds one."""
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Frozen)), None)


def _at(values: dict[str, Any], path: tuple[str, ...]) -> Any:
    """What an environment says at `path`; PydanticUndefined if nothing."""
    return reduce(
        lambda level, part: level.get(part, PydanticUndefined) if isinstance(level, dict) else level, path, values
    )


def _shown(value: Any) -> str:
    if value is PydanticUndefined:
        return ""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def _values(schema: dict[str, Any]) -> str:
    """What a field takes, from its JSON schema."""
    if "anyOf" in schema:
        return _values(schema["anyOf"][0])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_values(schema['items'])}"
    if schema["type"] == "object":
        return f"{_values(schema['additionalProperties'])} by name"
    if schema["type"] not in {"integer", "number"}:
        return "`true`, `false`" if schema["type"] == "boolean" else str(schema.get("format", "text"))
    kind = "whole number" if schema["type"] == "integer" else "number"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return kind
    bounds = f"{least:g} to {most:g}" if most is not None else f"{least:g} or more"
    return f"{kind}, {bounds}"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
