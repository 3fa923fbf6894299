"""Grafana's configuration and provisioning: plain text, in which no secret stands."""

import configparser
import io
import json
from typing import Any

from infra.settings.grafana import GrafanaOauth, GrafanaSettings

DATA_SOURCE_UID = "web4-prometheus"


def render_grafana_ini(settings: GrafanaSettings) -> str:
    """The file grafana.ini. Password, key and client secret come from variables, which win over it.

    Names and meanings: Grafana's documentation, Configure Grafana.
    """
    root_url = settings.root_url or "http://localhost:3000/"
    sections: dict[str, dict[str, Any]] = {
        "server": {"root_url": root_url},
        "log": {"mode": "console", "level": "info"},
        "log.console": {"format": "json"},
        # Nothing leaves the cluster: no usage figures, no look for updates, no plugin fetched at the start.
        "analytics": {
            "reporting_enabled": False,
            "check_for_updates": False,
            "check_for_plugin_updates": False,
            "feedback_links_enabled": False,
        },
        "news": {"news_feed_enabled": False},
        "snapshots": {"external_enabled": False},
        "plugins": {"plugin_admin_enabled": False, "preinstall_disabled": True},
        "security": {
            "admin_user": "admin",
            "disable_gravatar": True,
            "cookie_secure": root_url.startswith("https:"),
            "cookie_samesite": "lax",  # strict would lose the session on the way back from a provider
            "allow_embedding": False,
        },
        "users": {"allow_sign_up": False, "allow_org_create": False},
        "auth.anonymous": {"enabled": False},
        "auth.generic_oauth": {"enabled": False} if settings.oauth is None else _oauth(settings.oauth),
        # Alerts are Prometheus's; two places that page would disagree.
        "unified_alerting": {"enabled": False},
        "metrics": {"enabled": True},
        "dashboards": {"default_home_dashboard_path": "/etc/web4/dashboards/web4-identity.json"},
    }
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict({name: {key: _ini(value) for key, value in keys.items()} for name, keys in sections.items()})
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _oauth(oauth: GrafanaOauth) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": oauth.name,
        "scopes": " ".join(oauth.scopes),
        "auth_url": oauth.auth_url,
        "token_url": oauth.token_url,
        "api_url": oauth.api_url,
        "use_pkce": True,
        "use_refresh_token": True,
        "allow_sign_up": True,  # whoever the provider knows and role_attribute_path gives a role
        "role_attribute_path": oauth.role_attribute_path,
        "role_attribute_strict": True,
        "allow_assign_grafana_admin": False,
    }


def _ini(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def render_data_source(prometheus_url: str, scrape_interval: str) -> str:
    """The provisioned data source: JSON, which is YAML too."""
    source = {
        "name": "Prometheus",
        "uid": DATA_SOURCE_UID,
        "type": "prometheus",
        "access": "proxy",
        "url": prometheus_url,
        "isDefault": True,
        "editable": False,
        # $__rate_interval is at least four of these.
        "jsonData": {"httpMethod": "POST", "timeInterval": scrape_interval, "manageAlerts": False},
    }
    return json.dumps({"apiVersion": 1, "prune": True, "datasources": [source]}, indent=2) + "\n"


def render_dashboard_provider(folder: str) -> str:
    """Where Grafana finds dashboards, which it reads again each minute: JSON, which is YAML too."""
    provider = {
        "name": "web4-identity",
        "folder": "Web4 Identity",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 60,
        "options": {"path": folder},
    }
    return json.dumps({"apiVersion": 1, "providers": [provider]}, indent=2) + "\n"
