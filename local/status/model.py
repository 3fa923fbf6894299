"""What `web4ctl status` finds: rows in sections, each of them well, not well, or not to be known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.errors import UserError


@dataclass(frozen=True)
class Row:
    """One thing.

    Attributes:
        name: what it is.
        text: how it is, in words.
        well: whether that is well; None if it cannot be known.
        figures: the same for programs, in seconds, ATP, shares of 1.
    """

    name: str
    text: str
    well: bool | None = True
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"name": self.name, "well": self.well, "text": self.text, **self.figures}


@dataclass(frozen=True)
class Section:
    """Rows about one thing."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Status:
    """How a stack was at a time."""

    stack: str
    cluster: str
    at: datetime
    sections: tuple[Section, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All of them."""
        return tuple(row for section in self.sections for row in section.rows)

    @property
    def well(self) -> bool:
        """Whether all is known to be well."""
        return all(row.well for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "stack": self.stack,
            "cluster": self.cluster,
            "at": self.at.isoformat(timespec="seconds"),
            "well": self.well,
            **{section.title: [row.as_json() for row in section.rows] for section in self.sections},
        }


def section(title: str, find: Callable[[], list[Row]]) -> Section:
    """Return the section of what `find` finds, or one row with the reason why it cannot be known."""
    try:
        return Section(title, tuple(find()))
    except UserError as error:
        return Section(title, (unknown(title, error),))


def unknown(name: str, reason: object) -> Row:
    """Return a row of something that cannot be known."""
    return Row(name, f"not known: {str(reason).strip().splitlines()[-1]}", None)
