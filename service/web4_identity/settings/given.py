"""What is written in one of the places a setting can come from."""

import os
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Given:
    """The text of one setting, the place as check-config prints it, and how an error message about it begins."""

    text: str
    place: str
    subject: str


def from_environment(names: Iterable[str]) -> dict[str, Given]:
    """Those of `names` that the environment has; an optional Secret key mounted as an empty variable is not set."""
    return {
        name: Given(text, "environment", f"{name} in the environment")
        for name in names
        if (text := os.environ.get(name))
    }


def from_arguments(arguments: dict[str, str]) -> dict[str, Given]:
    """Settings that a program passes by their environment names."""
    return {name: Given(text, "argument", name) for name, text in arguments.items()}
