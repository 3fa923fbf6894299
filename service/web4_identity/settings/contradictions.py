"""Settings that are each allowed, but not together."""

from collections.abc import Mapping

from web4_identity.settings.given import Given
from web4_identity.settings.model import Settings


def contradictions(settings: Settings, given: Mapping[str, Given]) -> list[str]:
    """One line for each contradiction in `settings`; `given` holds, by environment name, those that are no default."""
    found = []
    if settings.environment == "production" and settings.test_mode:
        where = given["WEB4_TEST_MODE"].subject
        found.append(f"{where} must be false where WEB4_ENVIRONMENT is production: it publishes the API description")
    if settings.environment == "production" and "DATABASE_URL" not in given:
        found.append("DATABASE_URL must be set where WEB4_ENVIRONMENT is production: no default is fit for a registry")
    if settings.database_schema is not None and settings.database_url.get_secret_value().startswith("sqlite:"):
        found.append(f"{given['DATABASE_SCHEMA'].subject} must not be set with SQLite, which has no schemas")
    return found
