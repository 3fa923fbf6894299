"""Where state lives: Postgres and Redis."""

from typing import Any

import pulumi
import pytest
from infra_recording import DATABASE_PASSWORD, Program, is_secret, run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra


def test_the_database_is_the_guides(program: Program) -> None:
    spec = program.find("Cluster", "web4-identity-db").inputs["spec"]
    assert spec["bootstrap"]["initdb"] == {"database": "web4_identity_db", "owner": "web4_identity"}
    assert spec["imagePullPolicy"] == "IfNotPresent"
    assert "superuserSecret" not in spec and not spec.get("enableSuperuserAccess")


def test_the_databases_size_and_image_are_the_stacks(otherwise: Program) -> None:
    spec = otherwise.find("Cluster", "web4-identity-db").inputs["spec"]
    assert spec["instances"] == 3
    assert spec["storage"] == {"size": "20Gi", "storageClass": "fast"}
    assert spec["imageName"] == "localhost/postgres:1"
    assert (spec["postgresUID"], spec["postgresGID"]) == (26, 26)


@pytest.mark.parametrize(
    ("instances", "durability"), [(1, None), (2, "preferred"), (3, "required")], ids=["one", "two", "three"]
)
def test_a_commit_is_on_two_disks_where_that_can_be_asked_for(
    config: dict[str, Any], instances: int, durability: str | None
) -> None:
    spec = run_program(overlay(config, {"database": {"instances": instances}})).find("Cluster", "web4-identity-db")
    expected = durability and {"method": "any", "number": 1, "dataDurability": durability}
    assert spec.inputs["spec"]["postgresql"].get("synchronous") == expected


def test_postgres_is_spoken_to_in_tls_alone(program: Program) -> None:
    rules = [
        line.split() for line in program.find("Cluster", "web4-identity-db").inputs["spec"]["postgresql"]["pg_hba"]
    ]
    assert rules[-1] == ["host", "all", "all", "all", "reject"], "else the operator's last rule lets everybody try"
    assert {(kind, database) for kind, database, *_ in rules[:-1]} == {("hostssl", "web4_identity_db")}
    assert {rule[-1] for rule in rules[:-1]} == {"scram-sha-256"}


def test_the_server_is_verified_by_the_operators_ca(program: Program) -> None:
    for workload in (program.find("Deployment", "web4-identity"), program.job("web4-identity-migrate")):
        pod = workload.inputs["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        values = {each["name"]: each.get("value") for each in container["env"]}
        (mount,) = [each for each in container["volumeMounts"] if each["name"] == "postgres-ca"]
        (volume,) = [each["secret"] for each in pod["volumes"] if each["name"] == "postgres-ca"]
        assert values["PGSSLMODE"] == "verify-full"
        assert values["PGSSLROOTCERT"] == f"{mount['mountPath']}/ca.crt"
        assert (volume["secretName"], volume["items"]) == (
            "web4-identity-db-ca",
            [{"key": "ca.crt", "path": "ca.crt"}],
        )


def test_the_services_role_gets_the_password_of_the_file(program: Program) -> None:
    secret = program.find("Secret", "web4-identity-db-service").inputs
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert is_secret(secret["stringData"])
    assert secret["stringData"]["value"] == {"username": "web4_identity_app", "password": DATABASE_PASSWORD}
    assert secret["metadata"]["labels"]["cnpg.io/reload"] == "true", "another password would not reach Postgres"
    app, reader = program.find("Cluster", "web4-identity-db").inputs["spec"]["managed"]["roles"]
    assert app == {
        "name": "web4_identity_app",
        "login": True,
        "connectionLimit": 20,
        "passwordSecret": {"name": "web4-identity-db-service"},
    }
    assert reader == {
        "name": "web4_identity_read",
        "login": False,
        "connectionLimit": 10,
        "disablePassword": True,
    }


def test_roles_whose_secrets_are_there_use_them(by_hand: Program) -> None:
    assert "web4-identity-db-service" not in {each.name for each in by_hand.of_kind("Secret")}
    app, reader = by_hand.find("Cluster", "web4-identity-db").inputs["spec"]["managed"]["roles"]
    assert app["passwordSecret"] == {"name": "by-hand"}
    assert reader["login"] and reader["passwordSecret"] == {"name": "for-people"}
    (container,) = by_hand.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    (password,) = [each for each in container["env"] if each["name"] == "PGPASSWORD"]
    assert password["valueFrom"]["secretKeyRef"] == {"name": "by-hand", "key": "password"}


def test_postgres_takes_as_many_connections_as_pods_may_open(otherwise: Program, config: dict[str, Any]) -> None:
    spec = otherwise.find("Cluster", "web4-identity-db").inputs["spec"]
    assert spec["postgresql"]["parameters"]["max_connections"] == "140"
    assert spec["managed"]["roles"][0]["connectionLimit"] == 120
    (container,) = otherwise.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    assert {"name": "DB_POOL_SIZE", "value": "15"} in container["env"]
    fewer = {"database": {"max_connections": 139}, "identity": {"max_replicas": 4, "db_pool_size": 15}}
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, fewer))
    assert str(caught.value) == (
        "web4-identity:database.max_connections: 139, fewer than 140: 120 for the service (twice its most replicas "
        "times identity.db_pool_size), 20 for all others"
    )


@pytest.mark.parametrize("change", [{"app_secret_name": "by-hand"}, {"app_password_file": None}])
def test_the_services_role_has_one_password(config: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"database": change}))
    assert str(caught.value) == "web4-identity:database: give either app_password_file or app_secret_name"


def test_redis_keeps_counters_only_and_stays_within_its_memory(program: Program) -> None:
    deployment = program.find("Deployment", "redis").inputs["spec"]
    (container,) = deployment["template"]["spec"]["containers"]
    options = dict(zip(container["args"][::2], container["args"][1::2], strict=True))
    assert (options["--save"], options["--appendonly"]) == ("", "no")
    assert options["--maxmemory-policy"] == "volatile-ttl"
    most, limit = options["--maxmemory"].removesuffix("mb"), container["resources"]["limits"]["memory"]
    assert int(most) * 1.25 <= int(limit.removesuffix("Mi")), "no room for buffers beside the counters"
    assert not [each for each in deployment["template"]["spec"]["volumes"] if "persistentVolumeClaim" in each]


def test_there_is_one_redis_and_always_one(program: Program) -> None:
    deployment = program.find("Deployment", "redis").inputs["spec"]
    assert deployment["replicas"] == 1
    assert deployment["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }
    (container,) = deployment["template"]["spec"]["containers"]
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "5"]


def test_redis_answers_where_the_service_looks_for_it(program: Program) -> None:
    (container,) = program.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    service = program.find("Service", values["REDIS_HOST"]).inputs["spec"]
    assert [str(int(port["port"])) for port in service["ports"]] == [values["REDIS_PORT"]]
    assert service["selector"] == program.find("Deployment", "redis").inputs["spec"]["selector"]["matchLabels"]
