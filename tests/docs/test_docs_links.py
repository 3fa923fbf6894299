"""Every link of the documentation leads to something that is there."""

from pathlib import Path

import pytest
from docs_pages import PAGES, ROOT, RUNBOOKS, anchors, links, name

pytestmark = pytest.mark.infra

OUTSIDE = ("https://", "mailto:", "http://localhost:")
INDEXED = [page for page in PAGES if page not in RUNBOOKS and page.parent != ROOT and page != ROOT / "docs/README.md"]


def problem(page: Path, link: str) -> str:
    """What is wrong with a link; nothing if it leads somewhere."""
    if link.startswith(OUTSIDE):
        return ""
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    if not target.is_relative_to(ROOT):
        return "leads out of the repository"
    if not target.exists():
        return "no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return f"no such heading in {name(target)}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    wrong = {link: found for link in links(page) if (found := problem(page, link))}
    assert wrong == {}


def test_the_index_leads_to_every_page_and_every_decision() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert [name(page) for page in INDEXED if page not in listed] == []


def test_the_readme_leads_to_the_index_and_fits_two_screens() -> None:
    readme = ROOT / "README.md"
    assert "docs/README.md" in links(readme)
    assert len(readme.read_text().splitlines()) <= 100
