"""Under which licences the images are, and which of those nobody has agreed to yet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from functools import cache

from license_expression import AND, OR, ExpressionError, LicenseExpression, get_spdx_licensing

from local.supply.components import DEBIAN, Component

ALLOWED = {
    "0BSD": "permissive, asks for nothing",
    "Apache-2.0": "permissive, with a grant of patents",
    "BSD-2-Clause": "permissive",
    "BSD-3-Clause": "permissive",
    "BlueOak-1.0.0": "permissive",
    "CC0-1.0": "given to everybody",
    "ISC": "permissive",
    "MIT": "permissive",
    "MIT-0": "permissive, asks for nothing",
    "MPL-2.0": "its own files stay under it; they are used unchanged",
    "PSF-2.0": "permissive, Python's own",
    "Python-2.0": "permissive, Python's own",
    "UPL-1.0": "permissive, Oracle's",
    "Unlicense": "given to everybody",
    "Zlib": "permissive",
}
"""What a Go or Python module may be under, and why. Debian's packages are not asked: its main archive is free by
Debian's guidelines, they are in the images as they are there, and each has its copyright file in the image."""

SAME = {
    "Apache 2": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
}
"""Names that Python packages give their licences, in SPDX's words."""

AGREED = {
    "golang/github.com/opencontainers/go-digest": "Apache-2.0; CC-BY-SA-4.0 is its documentation's, in no program",
    "pypi/web4-identity": "this repository's",
    "pypi/aiosqlite": "MIT: its classifier says so, its field is empty",
    "pypi/markdown-it-py": "MIT: its classifier says so, its field is empty",
}
"""Modules that are in an image in spite of that, by kind and name (`golang/example.com/*`), and why."""

_SPDX = get_spdx_licensing()


def refused(component: Component) -> str | None:
    """Return what speaks against a component's licences, or None."""
    if component.kind == DEBIAN or agreed(component):
        return None
    if not component.licences:
        return "no licence was found"
    bad = [each for each in component.licences if not allowed(each)]
    return f"{', '.join(bad)} is not allowed" if bad else None


def agreed(component: Component) -> str | None:
    """Return why a component is accepted whatever its licence is, or None."""
    name = f"{component.kind}/{component.name}"
    return next((why for pattern, why in AGREED.items() if fnmatch(name, pattern)), None)


@cache
def allowed(expression: str) -> bool:
    """Return whether a licence, or an expression of them in SPDX's language, is allowed: of a choice one will do."""
    try:
        return _holds(_SPDX.parse(SAME.get(expression, expression)))
    except ExpressionError:
        return False


def _holds(node: LicenseExpression) -> bool:
    if isinstance(node, OR):
        return any(_holds(each) for each in node.args)
    if isinstance(node, AND):
        return all(_holds(each) for each in node.args)
    return str(node) in ALLOWED


def page(images: Mapping[str, Iterable[Component]]) -> str:
    """Return the list of licences, Markdown: a table for each image, and what has none.

    Args:
        images: the components by the image's name.
    """
    lines = ["# Licences", "", "Written by `web4ctl sbom` from the SBOMs beside it."]
    for image, components in images.items():
        under = defaultdict(list)
        for component in components:
            under[", ".join(component.licences) or "none found"].append(component.name)
        lines += ["", f"## {image}", "", "| licences | components | which |", "|---|---|---|"]
        ordered = sorted(under.items(), key=lambda item: (-len(item[1]), item[0]))
        lines += [f"| {licence} | {len(names)} | {', '.join(names)} |" for licence, names in ordered]
    return "\n".join(lines) + "\n"
