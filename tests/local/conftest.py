"""Fixtures of the operator's tests."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of this test's own: what is read from or written to the user's is there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path
