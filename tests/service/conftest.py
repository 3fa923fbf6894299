"""pytest looks for fixtures and hooks here; they stand in files that mypy can tell from other folders' conftest.py."""

from app_fixtures import *  # noqa: F403
from database_fixtures import *  # noqa: F403
