"""Where state lives: Postgres and Redis."""

import pytest
from infra_recording import run_program

from infra.environments import overlay

pytestmark = pytest.mark.infra


def test_the_database_is_the_guides(program):
    spec = program.find("Cluster", "web4-identity-db").inputs["spec"]
    assert spec["bootstrap"]["initdb"] == {"database": "web4_identity_db", "owner": "web4_identity"}
    assert spec["imagePullPolicy"] == "IfNotPresent"
    assert "superuserSecret" not in spec and not spec.get("enableSuperuserAccess")


def test_the_databases_size_and_image_are_the_stacks(config):
    change = {
        "database": {"instances": 3, "storage": "20Gi", "storage_class": "fast", "uid": 26},
        "images": {"postgres": "localhost/postgres:1"},
    }
    spec = run_program(overlay(config, change)).find("Cluster", "web4-identity-db").inputs["spec"]
    assert spec["instances"] == 3
    assert spec["storage"] == {"size": "20Gi", "storageClass": "fast"}
    assert spec["imageName"] == "localhost/postgres:1"
    assert (spec["postgresUID"], spec["postgresGID"]) == (26, 26)


def test_redis_keeps_counters_only_and_stays_within_its_memory(program):
    deployment = program.find("Deployment", "redis").inputs["spec"]
    (container,) = deployment["template"]["spec"]["containers"]
    options = dict(zip(container["args"][::2], container["args"][1::2], strict=True))
    assert (options["--save"], options["--appendonly"]) == ("", "no")
    assert options["--maxmemory-policy"] == "volatile-ttl"
    most, limit = options["--maxmemory"].removesuffix("mb"), container["resources"]["limits"]["memory"]
    assert int(most) * 1.25 <= int(limit.removesuffix("Mi")), "no room for buffers beside the counters"
    assert not [each for each in program.of_kind("PersistentVolumeClaim")]


def test_redis_never_counts_in_two_places(program):
    deployment = program.find("Deployment", "redis").inputs["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")


def test_redis_answers_where_the_service_looks_for_it(program):
    (container,) = program.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    service = program.find("Service", values["REDIS_HOST"]).inputs["spec"]
    assert [str(int(port["port"])) for port in service["ports"]] == [values["REDIS_PORT"]]
    assert service["selector"] == program.find("Deployment", "redis").inputs["spec"]["selector"]["matchLabels"]
