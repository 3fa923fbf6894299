"""Reads the project's Markdown as GitHub shows it: blocks of code, commands in the text, links, anchors, tables."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted((ROOT / "monitoring" / "runbooks").glob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *RUNBOOKS]

_GITHUB = MarkdownIt("gfm-like", {"linkify": False}).use(anchors_plugin, max_level=6)


class Block(NamedTuple):
    """A fenced block of code."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    """A page's path from the root."""
    return str(page.relative_to(ROOT))


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    """What the parser makes of a page."""
    return tuple(_GITHUB.parse(page.read_text(encoding="utf-8")))


def inline(page: Path) -> Iterator[Token]:
    """What stands inside of paragraphs, headings and cells."""
    for token in tokens(page):
        yield from token.children or ()


def blocks(page: Path) -> list[Block]:
    """Every fenced block."""
    return [
        Block(page, token.map[0] + 1, token.info.strip(), token.content.strip())
        for token in tokens(page)
        if token.type == "fence" and token.map
    ]


def code_spans(page: Path) -> list[str]:
    """Every text in single backticks."""
    return [token.content for token in inline(page) if token.type == "code_inline"]


def links(page: Path) -> list[str]:
    """Where each link and picture leads."""
    found = [token.attrGet("href") or token.attrGet("src") for token in inline(page)]
    return [str(each) for each in found if each]


def anchors(page: Path) -> set[str]:
    """What a link to a heading of this page may end in."""
    return {str(token.attrGet("id")) for token in tokens(page) if token.type == "heading_open"}


def headings(page: Path, level: int) -> list[str]:
    """The headings of one level, as they are written."""
    found = tokens(page)
    return [
        found[number + 1].content
        for number, token in enumerate(found)
        if token.type == "heading_open" and token.tag == f"h{level}"
    ]


def rows(page: Path) -> list[list[Token]]:
    """The cells of every row of every table's body, each as its inline token."""
    made: list[list[Token]] = []
    body = False
    for token in tokens(page):
        if token.type in {"tbody_open", "tbody_close"}:
            body = token.type == "tbody_open"
        elif token.type == "tr_open" and body:
            made.append([])
        elif token.type == "inline" and body:
            made[-1].append(token)
    return made
