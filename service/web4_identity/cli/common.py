"""What the commands share: settings or exit 2, one-line errors, running database work."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer

from web4_identity.db.engine import Database, DatabaseUnavailable
from web4_identity.settings import ConfigError, Settings
from web4_identity.settings.given import Given
from web4_identity.settings.load import Loaded, load

T = TypeVar("T")

EXIT_REFUSED = 1
EXIT_USAGE = 2


def fail(message: str, code: int = EXIT_REFUSED) -> NoReturn:
    """Print one line on standard error and exit with `code`."""
    typer.echo(f"web4-identity: {message}", err=True)
    raise typer.Exit(code)


def settings_or_exit() -> Settings:
    """The settings without flags, or one line per problem and exit code 2."""
    return loaded_or_exit({}).settings


def loaded_or_exit(flags: Mapping[str, Given], config: Path | None = None) -> Loaded:
    """The settings of `flags`, the environment and the INI file, or one line per problem and exit code 2."""
    try:
        loaded = load(flags, config)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"web4-identity: {problem}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    for warning in loaded.warnings:
        typer.echo(f"web4-identity: warning: {warning}", err=True)
    return loaded


def run_database(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; a database out of reach becomes one line and exit code 1."""
    try:
        return asyncio.run(work)
    except DatabaseUnavailable as error:
        fail(f"database unavailable: {error}")


async def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with a database of one connection, closed afterwards."""
    database = Database(
        settings.database_url,
        1,
        other_password=settings.database_other_password,
        schema=settings.database_schema,
    )
    try:
        return await work(database)
    finally:
        await database.close()
