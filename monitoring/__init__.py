"""What watches the service: alert rules with their tests and runbooks, and Alertmanager's configuration.

Plain data, which infra/ turns into the Prometheus Operator's resources.
"""

from pathlib import Path
from typing import Any

import yaml

from monitoring.slo import slo_groups

_FOLDER = Path(__file__).parent
RULE_FILES = _FOLDER / "rules"
RULE_TESTS = _FOLDER / "tests"
RUNBOOKS = _FOLDER / "runbooks"
SLO_FILE = RULE_FILES / "slo.yaml"
METRIC_TYPES = _FOLDER / "metrics.yaml"
ALERTMANAGER_FILE = _FOLDER / "alertmanager" / "alertmanager.yaml"


def rule_groups() -> list[dict[str, Any]]:
    """Every rule group of monitoring/rules, in the form Prometheus and a PrometheusRule share."""
    # libyaml: the program reads them each time it runs, and PyYAML's own parser is a third of that.
    files = [yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for file in sorted(RULE_FILES.glob("*.yaml"))]
    return [group for file in files for group in file["groups"]]


def slo_file() -> str:
    """The text of rules/slo.yaml, as monitoring/slo.py makes it."""
    head = "# Made by `make rules` from monitoring/slo.py, which says what is promised. Not to be edited.\n"
    return head + yaml.dump({"groups": slo_groups()}, Dumper=_Dumper, sort_keys=False, width=110)


def alertmanager_config() -> dict[str, Any]:
    """Alertmanager's routes and inhibitions, with receivers that reach nobody yet."""
    config: dict[str, Any] = yaml.safe_load(ALERTMANAGER_FILE.read_text(encoding="utf-8"))
    return config


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as a block, as one writes PromQL by hand."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
