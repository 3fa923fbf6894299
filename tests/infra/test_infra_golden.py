"""Each stack's objects against what was accepted last: a change of the architecture is seen, and meant."""

import difflib
import os
from pathlib import Path

import pytest
import yaml
from infra_recording import Program, ProgramOf
from infra_summary import summary

from infra.environments import DEFAULTS

pytestmark = pytest.mark.infra

GOLDEN = Path(__file__).parent / "golden"
ACCEPT = os.environ.get("GOLDEN") == "accept"  # `make golden`


@pytest.mark.parametrize("environment", DEFAULTS)
def test_the_stack_is_what_was_accepted(program: Program, program_of: ProgramOf, environment: str) -> None:
    """This machine's smallest for local; the committed example for any other, and prod's edited."""
    found = summary(program if environment == "local" else program_of(environment))
    text = yaml.safe_dump(found, default_flow_style=None, width=160)
    file = GOLDEN / f"{environment}.yaml"
    if ACCEPT:
        file.write_text(text)
    difference = difflib.unified_diff(file.read_text().splitlines(), text.splitlines(), "accepted", "now", lineterm="")
    lines = "\n".join(difference)
    if lines:
        pytest.fail(
            f"stack {environment} has changed; if that is meant, run `make golden` and commit it:\n{lines}",
            pytrace=False,
        )


def test_there_is_a_summary_for_each_environment_and_no_other() -> None:
    assert {file.stem for file in GOLDEN.glob("*")} == set(DEFAULTS)
