"""The service's configuration: environment first, then the guide's INI file, then defaults."""

from web4_identity.settings.load import ConfigError, load_settings
from web4_identity.settings.model import Settings

__all__ = ["ConfigError", "Settings", "load_settings"]
