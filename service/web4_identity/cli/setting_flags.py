"""One option for every setting, made from the settings model."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from web4_identity.cli.common import loaded_or_exit
from web4_identity.settings.fields import FIELDS, groups, is_secret, text_of
from web4_identity.settings.given import Given
from web4_identity.settings.ini import CONFIG_FLAG, CONFIG_PATH_VARIABLE, DEFAULT_CONFIG_PATH

SECRETS = [name for name, field in FIELDS.items() if is_secret(field)]
# The option's name is the environment's: RATE_LIMIT_WINDOW_SECONDS is --rate-limit-window-seconds.
_FLAGS = {name.lower(): f"--{name.lower().replace('_', '-')}" for name in FIELDS if name not in SECRETS}
HELP = f"""A flag wins over the environment variable of the same name (--db-pool-size is DB_POOL_SIZE), that over the
INI file, and that over the default. {", ".join(SECRETS)} have no flag, because other users of a machine can read
its command lines (ps): set them in the environment."""


def takes_settings(command: Callable[..., None]) -> Callable[..., None]:
    """`command` as Typer is to see it: with --config and a flag for every setting but the secrets.

    It is called with what was loaded from all places as its first argument; a configuration that cannot be used exits
    before with code 2.
    """

    @functools.wraps(command)
    def run(config: Path | None, **options: str | None) -> None:
        flags = {name: options.pop(name) for name in _FLAGS}
        given = {
            name.upper(): Given(text, f"flag {_FLAGS[name]}", _FLAGS[name])
            for name, text in flags.items()
            if text is not None
        }
        command(loaded_or_exit(given, config), **options)

    own = list(inspect.signature(command).parameters.values())[1:]
    parameters = [*own, _config_option(), *_setting_options()]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect reads
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _config_option() -> inspect.Parameter:
    text = f"INI file to read instead of the one {CONFIG_PATH_VARIABLE} names, or {DEFAULT_CONFIG_PATH}."
    return _parameter("config", Annotated[Path | None, typer.Option(CONFIG_FLAG, metavar="FILE", help=text)])


def _setting_options() -> list[inspect.Parameter]:
    grouped = groups()
    return [_parameter(name, Annotated[str | None, _option(name, grouped[name.upper()])]) for name in _FLAGS]


def _option(name: str, group: str) -> typer.models.OptionInfo:
    field = FIELDS[name.upper()]
    description = field.description or ""
    option: typer.models.OptionInfo = typer.Option(
        _FLAGS[name],
        metavar="VALUE",
        help=f"{description[:1].upper()}{description[1:]}; default {text_of(field.default)}.",
        show_default=False,
        rich_help_panel=group,
    )
    return option


def _parameter(name: str, annotation: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
