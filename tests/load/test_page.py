"""A run's results in a page: between its own two lines, and nowhere else."""

from pathlib import Path

import page
import pytest

from local.errors import UserError

pytestmark = pytest.mark.unit

BEFORE = """# Words

<!-- make bench: begin -->
old
<!-- make bench: end -->
<!-- make soak: begin -->
<!-- make soak: end -->
"""


def test_what_a_command_wrote_before_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(BEFORE)
    page.put(document, "make bench", r"new \1")
    assert document.read_text() == BEFORE.replace("old", r"new \1")
    page.put(document, "make soak", "steady")
    page.put(document, "make bench", "newer")
    assert document.read_text() == BEFORE.replace("old", "newer").replace(
        "begin -->\n<!-- make soak: end", "begin -->\nsteady\n<!-- make soak: end"
    )


def test_a_page_without_the_lines_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(BEFORE + BEFORE)
    with pytest.raises(UserError, match="make bench: begin"):
        page.put(document, "make bench", "new")
    assert document.read_text() == BEFORE + BEFORE


def test_every_command_that_writes_has_its_place() -> None:
    for document, command in (
        (page.BENCHMARKS, "make bench"),
        (page.BENCHMARKS, "make bench-pulumi"),
        (page.SCALE, "make bench-storage"),
        (page.RELIABILITY, "make soak"),
        (page.RELIABILITY, "make chaos"),
        (page.RELIABILITY, "make upgrade"),
    ):
        text = document.read_text()
        assert text.count(f"<!-- {command}: begin -->") == text.count(f"<!-- {command}: end -->") == 1, command
