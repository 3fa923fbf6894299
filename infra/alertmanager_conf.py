"""Alertmanager's configuration: that of monitoring/alertmanager, and whoever is called."""

from typing import Any

import yaml

from infra.settings import PagerSettings
from monitoring import alertmanager_config

SECRETS_FOLDER = "/etc/alertmanager/secrets"
"""Where the operator mounts the Secrets that the Alertmanager resource lists, each in a folder of its name."""

PAGER = "pager"


def render_alertmanager_conf(pager: PagerSettings | None) -> str:
    """The whole alertmanager.yaml. With a pager, critical alerts go to it as well; its key stays in its Secret."""
    if pager is None:
        return alertmanager_config()
    conf = yaml.safe_load(alertmanager_config())
    conf["receivers"].append({"name": PAGER, **_receiver(pager)})
    conf["route"]["routes"] = [{"receiver": PAGER, "matchers": ['severity="critical"']}]
    return yaml.safe_dump(conf, sort_keys=False)


def _receiver(pager: PagerSettings) -> dict[str, Any]:
    folder = f"{SECRETS_FOLDER}/{pager.secret_name}"
    if pager.kind == "webhook":
        return {"webhook_configs": [{"url_file": f"{folder}/url"}]}
    return {"pagerduty_configs": [{"routing_key_file": f"{folder}/routing_key"}]}
