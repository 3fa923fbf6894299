"""Settings that nobody thought of: each loads, or is refused with lines of our own that name a key.

FUZZ_EXAMPLES=5000 tries so many, at random; without it few, and always the same (`make fuzz`).
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any, get_args

import pulumi
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pulumi.runtime.config import set_all_config
from pydantic import BaseModel

from infra.configuration import NAMESPACE, build_settings, load_settings
from infra.environments import DEFAULTS, overlay
from infra.settings import Settings

pytestmark = pytest.mark.infra

GIVEN = os.environ.get("FUZZ_EXAMPLES")
fuzzed = settings(
    max_examples=int(GIVEN or 150),
    deadline=None,
    derandomize=GIVEN is None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LINE = re.compile(rf"{NAMESPACE}:.*: \S.*")
"""The key, which may be anything, and what is wrong with it."""


def paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of the tree, sections too; of a table (an alert's overrides) one row."""
    for name, field in model.model_fields.items():
        yield (*above, name)
        kinds = [field.annotation, *get_args(field.annotation)]
        table = (name, "ServiceDown") if dict in map(getattr_origin, kinds) else (name,)
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from paths(kind, (*above, *table))


def getattr_origin(kind: Any) -> Any:
    return getattr(kind, "__origin__", None)


KEYS = sorted(set(paths(Settings)))
ODD = (
    *("", " ", "\x00", "a\nb", "\ud800", "~nobody-at-all/x", "~", "/", ".", "/dev/null", "x" * 5000, "/proc/self/mem"),
    *("http://[", "https://x:99999/", "http://[::1]:0/", "0.0.0.0/0", "::/0", "1.2.3.4/33", "999.1.1.1/8"),
    *("0", "-1", "1e9", "1Gi", "0s", "NaN", "Infinity", "9" * 400, "true", "null", "{}", "[]", "* * * * *"),
    *("web4", "prod", "lct:web4:x", "s3://bucket/x", "docker.io/library/nginx:1.28", "identity.example.com"),
    *(0, -1, 1, 2, 3, 10**30, 0.5, float("nan"), float("inf"), True, False, None),
)
"""Values that are wrong nearly everywhere, or right in one place and contradicted in another."""
KNOWN = sorted({each for name in DEFAULTS for each in ("blocking", "ClusterIP", "Cluster", "proxy_protocol", name)})
plain = st.sampled_from(ODD) | st.sampled_from(KNOWN) | st.integers() | st.floats() | st.booleans() | st.text()
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)
changes = st.dictionaries(st.sampled_from(KEYS) | st.tuples(st.text(), st.text()), values, max_size=5)


def changed(config: dict[str, Any], change: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    for path, value in change.items():
        for key in reversed(path):
            value = {key: value}
        config = overlay(config, value)
    return config


def loads_or_says_why(config: dict[str, Any]) -> None:
    try:
        build_settings(config)
    except pulumi.RunError as error:
        lines = str(error).split("\n")
        assert all(LINE.fullmatch(line) for line in lines), lines
        str(error).encode()  # or it could not be printed


@fuzzed
@given(environment=st.sampled_from(sorted(DEFAULTS)), change=changes)
@example("local", {("cluster", "kubeconfig"): "~nobody-at-all/x"})
@example("local", {("cluster", "kubeconfig"): "x" * 5000})
@example("prod", {("grafana", "root_url"): "http://["})
@example("local", {("monitoring", "alerts", "threshold"): {"limit": 1}})
def test_any_value_of_any_key_loads_or_is_refused_by_name(
    config: dict[str, Any], environment: str, change: dict[tuple[str, ...], Any]
) -> None:
    loads_or_says_why(changed({**config, "environment": environment}, change))


@fuzzed
@given(
    name=st.sampled_from(sorted(Settings.model_fields)) | st.text(),
    raw=st.text() | values.map(lambda value: json.dumps(value)),
)
@example("edge", "[" * 100_000)
@example("edge", f"[{'9' * 5000}]")
@example("a\nb", "x")
def test_any_text_in_the_configuration_loads_or_is_refused_by_name(config: dict[str, Any], name: str, raw: str) -> None:
    whole = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    set_all_config({f"{NAMESPACE}:{key}": value for key, value in {**whole, name: raw}.items()})
    try:
        load_settings()
    except pulumi.RunError as error:
        assert all(LINE.fullmatch(line) for line in str(error).split("\n")), str(error)
    finally:
        set_all_config({})
