"""The service's configuration: flags first, then the environment, the guide's INI file, defaults."""

from web4_identity.settings.load import ConfigError, load_settings
from web4_identity.settings.model import Settings

__all__ = ["ConfigError", "Settings", "load_settings"]
