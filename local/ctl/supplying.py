"""Commands about what the images are made of."""

from contextlib import nullcontext
from typing import Annotated

import typer

from local.ctl.base import NOT_WELL, AsJson, alone, print_json, result_alone

commands = typer.Typer()


@commands.command()
def sbom(as_json: AsJson = False) -> None:
    """Write an SBOM of each image, and its licences; exits with 1 on one that is not agreed to.

    To build/sbom: CycloneDX, made by syft; licences.md; and images.json, which lists each image with its digest and
    compressed size. What is not built yet of tools and images is built first.
    """
    from local.supply import sbom as supply

    with result_alone(as_json):
        listed = supply.describe(_built())
    if as_json:
        print_json([each.as_json() for each in listed])
    else:
        typer.echo(supply.table(listed))
    if any(each.refused() for each in listed):
        raise typer.Exit(NOT_WELL)


@commands.command()
def scan(
    online: Annotated[
        bool,
        typer.Option(
            "--online", envvar="SCAN_ONLINE", help="Ask PyPI's advisories too, which a mirror of it may not have."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask what is known against the images; exits with 1 on a finding, or without an answer.

    Debian's archive is asked for newer versions of packages, and Go's vulnerability database for functions that are in
    a program. Accepted ones are in local/supply/accepted.py, each with its reason and a last day.
    """
    from local.supply import sbom as supply
    from local.supply import scan as scanning

    with result_alone(as_json):
        references = _built()
        packages = {each.name: each.components() for each in supply.describe(references)} if online else None
        result = scanning.scan(references, packages)
    if as_json:
        print_json(result.as_json())
    else:
        typer.echo(result.text())
    if not result.clean:
        raise typer.Exit(NOT_WELL)


def _built() -> dict[str, str]:
    """Build what is missing; the machine's lock is held for that alone, as what follows may take minutes."""
    from local.supply import built

    with alone() if built.missing() else nullcontext():
        return built.build()


def _images() -> list[str]:
    from local.images.build import catalogue

    return [image.name for image in catalogue()]


def _known_images(names: list[str]) -> list[str]:
    if unknown := sorted(set(names or ()) - set(_images())):
        raise typer.BadParameter(f"there is no image {unknown[0]}: say some of {', '.join(_images())}.")
    return names


@commands.command()
def reproduce(
    images: Annotated[
        list[str] | None,
        typer.Argument(help="Which; default all.", callback=_known_images, autocompletion=_images),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build each image twice from nothing and compare; exits with 1 if a digest differs.

    Files that differ are named. The base is built twice too. What make up deploys from is not touched.
    """
    from local.images import build
    from local.images import reproduce as twice
    from local.tools import build as tools

    wanted = tuple(image for image in build.catalogue() if not images or image.name in images)
    with result_alone(as_json):
        if set(wanted) & set(build.tool_images()) and tools.pending():
            with alone():
                tools.build_all()
        rows = twice.reproduce(wanted)
    if as_json:
        print_json([row.as_json() for row in rows])
    else:
        typer.echo("\n".join(row.text() for row in rows))
    if any(row.differences for row in rows):
        raise typer.Exit(NOT_WELL)
