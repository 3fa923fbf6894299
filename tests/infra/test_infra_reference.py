"""docs/configuration.md says what the settings are."""

from collections.abc import Iterator
from typing import get_args

import pytest

from infra import reference
from infra.environments import DEFAULTS
from infra.frozen import Frozen
from infra.settings import Settings

pytestmark = pytest.mark.infra


def sections(model: type[Frozen]) -> Iterator[type[Frozen]]:
    yield model
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Frozen):
                yield from sections(kind)


def test_the_committed_page_is_what_the_settings_say() -> None:
    assert reference.FILE.read_text() == reference.render(), "run `make docs` and commit what it writes"


def test_every_setting_is_described_and_on_the_page() -> None:
    rows = {line.split(" | ")[0] for line in reference.render().splitlines()}
    for section in sections(Settings):
        for name, field in section.model_fields.items():
            is_section = isinstance(field.annotation, type) and issubclass(field.annotation, Frozen)
            assert is_section or (field.description and f"| {name}" in rows), f"{section.__name__}.{name}"


def test_a_value_of_an_environment_stands_in_its_column() -> None:
    (row,) = [line for line in reference.render().splitlines() if line.startswith("| instances ")]
    assert row.removesuffix(" |").split(" | ")[3:] == ["`1`", "`3`", "`1`", "`3`", "`3`"]


def test_the_environments_are_those_with_defaults() -> None:
    assert get_args(Settings.model_fields["environment"].annotation) == tuple(DEFAULTS)
