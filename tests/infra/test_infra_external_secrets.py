"""The Secrets that a store holds: which ExternalSecrets there are, and what each makes."""

from typing import Any

import pulumi
import pytest
from infra_recording import Program, run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

BY_NAME = {
    "secrets": {"external": {"store": "vault"}},
    "database": {"app_password_file": None, "app_secret_name": "web4-database", "reader_secret_name": "web4-readers"},
    "redis": {"password_file": None, "secret_name": "web4-redis"},
    "monitoring": {
        "alertmanager_version": "0.28.1",
        "pager": {"kind": "pagerduty", "secret_name": "web4-pager"},
    },
}


@pytest.fixture(scope="module")
def with_store(config: dict[str, Any]) -> Program:
    return run_program(overlay(config, BY_NAME))


def specs(program: Program) -> dict[str, dict[str, Any]]:
    return {each.name: each.inputs["spec"] for each in program.of_kind("ExternalSecret")}


def test_each_secret_that_is_named_is_fetched_into_its_own_name(with_store: Program) -> None:
    found = specs(with_store)
    assert found.keys() == {"web4-database", "web4-readers", "web4-redis", "web4-pager"}
    for name, spec in found.items():
        assert spec["target"]["name"] == name
        assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
        assert spec["dataFrom"] == [{"extract": {"key": f"web4/{name}"}}]
    made = {each.name for each in with_store.of_kind("Secret")}
    assert made.isdisjoint(found), "a Secret that two would make"


@pytest.mark.parametrize(
    ("name", "role"), [("web4-database", "web4_identity_app"), ("web4-readers", "web4_identity_read")]
)
def test_a_roles_secret_is_as_the_operator_of_postgres_wants_it(with_store: Program, name: str, role: str) -> None:
    template = specs(with_store)[name]["target"]["template"]
    assert template["type"] == "kubernetes.io/basic-auth"
    assert template["data"] == {"username": role}
    assert template["mergePolicy"] == "Merge", "or the password would be dropped"
    assert template["metadata"]["labels"]["cnpg.io/reload"] == "true"
    cluster = with_store.find("Cluster", "web4-identity-db").inputs["spec"]
    assert {"name": name} in [each.get("passwordSecret") for each in cluster["managed"]["roles"]]


@pytest.mark.parametrize("name", ["web4-redis", "web4-pager"])
def test_another_secret_is_what_the_store_says(with_store: Program, name: str) -> None:
    template = specs(with_store)[name]["target"]["template"]
    assert template["type"] == "Opaque"
    assert "data" not in template
    assert "cnpg.io/reload" not in template["metadata"]["labels"]


def test_whoever_needs_a_secret_waits_until_it_is_there(with_store: Program) -> None:
    needed = {each.urn for each in with_store.of_kind("ExternalSecret")}
    for each in with_store.of_kind("ExternalSecret"):
        assert each.inputs["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"
    for kind, name in (
        ("Cluster", "web4-identity-db"),
        ("Deployment", "redis"),
        ("Deployment", "web4-identity"),
        ("Alertmanager", "web4"),
    ):
        assert needed <= with_store.waits_for(with_store.find(kind, name)), name


def test_the_dsns_of_another_postgres_are_fetched_too(config: dict[str, Any]) -> None:
    external = {"external": {"secret_name": "web4-dsns", "key": "service"}}
    change = {**BY_NAME, "database": {"app_password_file": None, **external}}
    without_backup = {key: value for key, value in config.items() if key != "backup"}
    assert "web4-dsns" in specs(run_program(overlay(without_backup, change)))


def test_the_credentials_of_the_backups_store_are_fetched_too(config: dict[str, Any]) -> None:
    elsewhere = {"local_store": None, "destination": "s3://web4-backups", "credentials_secret_name": "web4-s3"}
    assert "web4-s3" in specs(run_program(overlay(config, {**BY_NAME, "backup": elsewhere})))


def test_without_a_store_nothing_is_fetched(program: Program) -> None:
    assert specs(program) == {}


def test_store_prefix_and_pace_are_settings(config: dict[str, Any]) -> None:
    external = {"store": "ours", "store_kind": "SecretStore", "prefix": "prod-", "refresh": "10m"}
    (spec, *_) = specs(run_program(overlay(config, {**BY_NAME, "secrets": {"external": external}}))).values()
    assert spec["secretStoreRef"] == {"kind": "SecretStore", "name": "ours"}
    assert spec["dataFrom"][0]["extract"]["key"].startswith("prod-web4-")
    assert spec["refreshInterval"] == "10m"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"secrets": {"external": {"store": "vault"}}}, "secrets.external: no section refers to a Secret by name; "),
        (
            {**BY_NAME, "redis": {"password_file": None, "secret_name": "web4-pager"}},
            "secrets.external: the Secret web4-pager is named for two things; give each its own",
        ),
        ({**BY_NAME, "secrets": {"external": {"store": "vault", "refresh": "1 hour"}}}, "secrets.external.refresh: "),
        ({**BY_NAME, "secrets": {"external": {}}}, "secrets.external.store: required, and not set"),
    ],
    ids=["nothing to fetch", "one for two", "no duration", "no store"],
)
def test_what_makes_no_sense_is_refused(config: dict[str, Any], change: dict[str, Any], line: str) -> None:
    with pytest.raises(pulumi.RunError, match=f"^web4-identity:{line}"):
        build_settings(overlay(config, change))
