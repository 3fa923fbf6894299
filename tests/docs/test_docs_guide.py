"""Each section, command and step of the deployment guide has a place: a file, a command, and a test that would fail."""

import ast
from collections.abc import Iterator

import pytest
import yaml
from docs_pages import ROOT, headings, rows, tokens
from markdown_it.token import Token

pytestmark = pytest.mark.infra

PAGE = ROOT / "docs" / "guide-coverage.md"
GUIDE = yaml.safe_load((ROOT / "tests" / "docs" / "guide.yaml").read_text())
SECURITY = ROOT / "docs" / "security.md"


def plain(cell: Token) -> str:
    """A cell's text without its marks."""
    return "".join(token.content for token in cell.children or ())


def spans(cell: Token) -> list[str]:
    return [token.content for token in cell.children or () if token.type == "code_inline"]


def functions() -> Iterator[str]:
    """The names of all tests."""
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield node.name


TESTS = set(functions())


def test_every_section_command_and_step_of_the_guide_has_a_row_in_its_order() -> None:
    assert headings(PAGE, 2) == list(GUIDE)
    assert [plain(row[0]) for row in rows(PAGE)] == [each for section in GUIDE.values() for each in section]


def test_every_row_names_something_here_a_command_and_tests_that_exist() -> None:
    for guide, here, command, tests in rows(PAGE):
        links = [token for token in here.children or () if token.type == "link_open"]
        assert links, f"{plain(guide)}: nothing here"
        assert plain(command), f"{plain(guide)}: no command"
        assert spans(tests), f"{plain(guide)}: no test"
        assert [name for name in spans(tests) if name not in TESTS] == [], plain(guide)


def test_each_item_of_the_checklist_names_its_rules_and_tests() -> None:
    table = [row for row in rows(SECURITY) if any(span.startswith("test_") for span in spans(row[-1]))]
    checklist = {
        *("Test Mode Disabled", "Rate Limiting Configured", "Input Validation Active", "HTTPS Only", "Firewall Rules"),
        *("Monitoring Enabled", "Alerts Configured", "Backup Procedures", "Access Logs", "Security Validation"),
    }
    assert {plain(row[0]) for row in table} == checklist and len(table) == 10
    for item, held_by, rules, tests in table:
        assert plain(held_by), plain(item)
        for rule in spans(rules):
            assert (ROOT / "infra" / "policy" / "examples" / f"{rule}.yaml").is_file(), rule
        assert set(spans(tests)) <= TESTS, plain(item)


def test_a_table_is_read_as_github_shows_it() -> None:
    assert len(rows(PAGE)) > 50 and all(len(row) == 4 for row in rows(PAGE))
    assert sum(token.type == "tbody_open" for token in tokens(PAGE)) == len(GUIDE)
