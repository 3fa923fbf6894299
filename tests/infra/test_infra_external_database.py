"""A Postgres that is elsewhere: by reference to a Secret, with no Cluster of the stack's own."""

from typing import Any

import pulumi
import pytest
from infra_recording import Program, run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

EXTERNAL = {
    "secret_name": "dsns",
    "key": "service",
    "owner_key": "owner",
    "port": 6432,
    "ca_secret_name": "postgres-ca",
}


def with_external(config: dict[str, Any], **change: Any) -> dict[str, Any]:
    external = {"app_password_file": None, "external": {**EXTERNAL, **change}}
    without_backup = {key: value for key, value in config.items() if key != "backup"}
    return overlay(without_backup, {"database": external})


@pytest.fixture(scope="module")
def external(config: dict[str, Any]) -> Program:
    return run_program(with_external(config))


def pod_of(program: Program, kind: str) -> dict[str, Any]:
    """The pod of the service (Deployment) or of its migration (Job)."""
    workload = program.find(kind, "web4-identity") if kind == "Deployment" else program.job("web4-identity-migrate")
    return dict(workload.inputs["spec"]["template"]["spec"])


def variables(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["containers"]
    return {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"] for each in container["env"]}


def test_no_postgres_is_made(external: Program) -> None:
    assert not external.of_kind("Cluster")
    assert not [each for each in external.of_kind("PodMonitor") if "db" in each.name]
    assert not [each for each in external.of_kind("Secret") if "db" in each.name]


def test_the_dsns_are_references_and_the_server_is_verified(external: Program) -> None:
    for kind, key in (("Deployment", "service"), ("Job", "owner")):
        pod = pod_of(external, kind)
        values = variables(pod)
        assert values["DATABASE_URL"] == {"name": "dsns", "key": key}
        assert values["PGSSLMODE"] == "verify-full" and "PGPASSWORD" not in values
        (volume,) = [each["secret"] for each in pod["volumes"] if each["name"] == "postgres-ca"]
        assert volume["secretName"] == "postgres-ca"
    (container,) = pod_of(external, "Job")["containers"]
    assert container["command"] == ["web4-identity", "migrate"], "whose roles there are is not known here"


def test_without_a_ca_and_an_owner_the_services_dsn_says_everything(config: dict[str, Any]) -> None:
    program = run_program(with_external(config, ca_secret_name=None, owner_key=None))
    for kind in ("Deployment", "Job"):
        pod = pod_of(program, kind)
        assert variables(pod)["DATABASE_URL"] == {"name": "dsns", "key": "service"}
        assert not [name for name in variables(pod) if name.startswith("PG")]
        assert "postgres-ca" not in [each["name"] for each in pod["volumes"]]


def test_the_network_lets_its_port_through_and_none_of_the_operators(external: Program) -> None:
    policies = {each.name: each.inputs["spec"] for each in external.of_kind("NetworkPolicy")}
    assert sorted(name for name in policies if "postgres" in name) == [
        "gate-to-postgres-out",
        "identity-to-postgres-out",
        "migrations-to-postgres-out",
        "scan-to-postgres-out",
    ]
    for name in ("identity-to-postgres-out", "migrations-to-postgres-out", "gate-to-postgres-out"):
        (rule,) = policies[name]["egress"]
        assert rule["ports"] == [{"port": 6432, "protocol": "TCP"}]
        assert {"ipBlock": {"cidr": "0.0.0.0/0"}} in rule["to"]


def test_backups_of_it_are_its_providers(config: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings({**with_external(config), "backup": config["backup"]})
    assert str(caught.value) == (
        "web4-identity:backup: database.external is backed up by whoever runs it; leave one of the two out"
    )


@pytest.mark.parametrize("key", ["app_secret_name", "reader_secret_name"])
def test_passwords_of_the_stacks_own_roles_contradict_it(config: dict[str, Any], key: str) -> None:
    with pytest.raises(pulumi.RunError, match="web4-identity:database: app_password_file, app_secret_name and reader_"):
        build_settings(overlay(with_external(config), {"database": {key: "by-hand"}}))


def test_its_connections_are_not_ours_to_count(config: dict[str, Any]) -> None:
    build_settings(overlay(with_external(config), {"identity": {"db_pool_size": 100}}))
