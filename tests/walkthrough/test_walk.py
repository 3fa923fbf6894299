"""The walkthrough reads the guide as it is, and notices a command that does not do what the guide says."""

from pathlib import Path

import pytest

from local.errors import UserError
from tests.walkthrough.walk import Walk, section

pytestmark = pytest.mark.unit

BLOCKS = {
    1: ["sh", "sh"],
    2: ["sh"],
    3: ["sh", "promql"],
    4: ["sh", "sh", "sh", "yaml"],
    5: ["sh"],
    6: ["yaml", "sh"],
    7: ["sh"],
    9: ["sh"],
}


@pytest.mark.parametrize("number", BLOCKS)
def test_a_section_of_the_guide_has_the_blocks_that_the_walk_takes(number: int) -> None:
    heading, found = section(number)
    assert heading.startswith(f"{number}. ")
    assert [block.language for block in found] == BLOCKS[number]


def test_what_was_typed_and_what_came_of_it_is_in_the_log(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.environment = "export WHO=reader\n"
    walk.heading("1. Up")
    assert walk.run('echo "hello \\\n$WHO"\npwd') == f"hello reader\n{tmp_path}\n"
    log = "".join(walk.log)
    assert "## 1. Up" in log and '$ echo "hello \\\n> $WHO"\n$ pwd\nhello reader\n' in log
    assert "export WHO" not in log


def test_of_a_long_output_its_end_is_kept(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.run("seq 100")
    assert "…\n87\n" in walk.log[0] and "\n100\n" in walk.log[0] and "\n86\n" not in walk.log[0]


@pytest.mark.parametrize(("command", "refused"), [("echo no; false", False), ("echo no", True)])
def test_another_end_than_the_guide_says_ends_the_walk(tmp_path: Path, command: str, refused: bool) -> None:
    with pytest.raises(UserError, match=r"no$"):
        Walk(tmp_path).run(command, refused=refused)


def test_what_runs_beside_is_ended_with_its_children(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    with walk.beside("echo $$ > pid; sleep 1000; true"):
        walk.run("until [ -s pid ]; do sleep 0.01; done")
        group = (tmp_path / "pid").read_text().strip()
    assert not walk.run(f"pgrep --runstates D,R,S --pgroup {group} || true")
