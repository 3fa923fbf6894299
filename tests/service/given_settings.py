"""What the tests of settings give: a database's URL with a password in it, and the guide's INI file."""

from pathlib import Path

import pytest

URL = "postgresql://owner:s3cr3t-word@db.example:5432/web4"


def ini_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> Path:
    """Let this be the file that settings are read from, and return its path."""
    path = tmp_path / "identity_service.conf"
    path.write_text(text)
    monkeypatch.setenv("WEB4_IDENTITY_CONFIG", str(path))
    return path
