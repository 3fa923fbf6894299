"""What watches the service: alert rules with their tests and runbooks, and Alertmanager's configuration.

Plain data, which infra/ turns into the Prometheus Operator's resources.
"""

from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent
RULE_FILES = _FOLDER / "rules"
RULE_TESTS = _FOLDER / "tests"
RUNBOOKS = _FOLDER / "runbooks"


def rule_groups() -> list[dict[str, Any]]:
    """Every rule group of monitoring/rules, in the form Prometheus and a PrometheusRule share."""
    files = sorted(RULE_FILES.glob("*.yaml"))
    return [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]


def alertmanager_config() -> str:
    """Alertmanager's configuration (YAML): alerts are kept and shown, and nobody is called."""
    return (_FOLDER / "alertmanager" / "no-pager.yaml").read_text(encoding="utf-8")
